#include "sim/deploy/node_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <set>

#include "sim/base/error.hpp"
#include "sim/deploy/core_turn.hpp"
#include "sim/plan/dependency_release.hpp"

namespace msfusion {

namespace {
constexpr auto kTimeout = std::chrono::minutes(5);  // of the wait for a message
}

NodeExecutor::NodeExecutor(const NodeOptions& options, const std::vector<Address>& nodes,
                           const std::vector<RoundPlan>& plans, Participant& participant)
    : options_(options),
      nodes_(static_cast<int>(nodes.size())),
      participant_(participant),
      mesh_(options.node, nodes, all_lanes(plans),
            [this](const MessageHeader& header, Payload payload) { arrived(header, std::move(payload)); }) {}

void NodeExecutor::arrived(const MessageHeader& header, Payload payload) {
  const std::lock_guard<std::mutex> lock(mutex_);
  inbox_[{header.round, header.step}] = {std::move(payload), monotonic_seconds()};
  changed_.notify_all();
}

// The node's part of one plan.
class NodeExecutor::Round {
 public:
  Round(NodeExecutor& executor, const RoundPlan& plan)
      : executor_(executor), plan_(plan), lanes_(lanes_of(plan)), self_(executor.options_.node), release_(plan) {
    for (std::size_t s = 0; s < plan.steps.size(); ++s) {
      if (lanes_[s].from == self_) ++unstarted_;
      if (lanes_[s].to == self_ && lanes_[s].from != self_) expected_.insert(static_cast<StepId>(s));
    }
    add_own(release_.initial());
  }

  RoundLog run() {
    while (unstarted_ > 0 || !expected_.empty()) {
      take_messages();
      const std::vector<StepId> ready = take_ready();
      for (const StepId step : ready) {
        --unstarted_;
        if (is_transfer(step))
          send(step);
        else
          train(step);
      }
      if (!ready.empty()) continue;
      if (!expected_.empty())
        wait_for_message();
      else if (unstarted_ > 0)
        throw std::logic_error("a step of this node waits for what it cannot see");
    }
    for (auto& sent : sending_) sent.get();
    const double began = monotonic_seconds();
    executor_.participant_.finish_round(plan_);
    log_.end_seconds = monotonic_seconds();
    log_.merge_seconds = log_.end_seconds - began;
    return std::move(log_);
  }

 private:
  const Step& step_of(StepId step) const { return plan_.steps[static_cast<std::size_t>(step)]; }
  const Lane& lane_of(StepId step) const { return lanes_[static_cast<std::size_t>(step)]; }
  bool is_transfer(StepId step) const { return std::holds_alternative<Transfer>(step_of(step).what); }

  void add_own(const std::vector<StepId>& released) {
    for (const StepId step : released)
      if (lane_of(step).from == self_) ready_.insert(step);
  }

  void take_messages() {
    std::unique_lock<std::mutex> lock(executor_.mutex_);
    for (auto step = expected_.begin(); step != expected_.end();) {
      const auto found = executor_.inbox_.find({plan_.round, *step});
      if (found == executor_.inbox_.end()) {
        ++step;
        continue;
      }
      const Message message = std::move(found->second);
      executor_.inbox_.erase(found);
      lock.unlock();
      executor_.participant_.unpack(plan_, *step, message.payload);
      log_.steps.push_back({*step, {}, message.arrived_seconds, 0, message_bytes(message.payload)});
      add_own(release_.ended(*step, true).ready);
      step = expected_.erase(step);
      lock.lock();
    }
  }

  // Transfers go before trainings, which take long. Every node begins with the one after itself, so that they do not
  // all queue for the same link first.
  std::vector<StepId> take_ready() {
    std::vector<StepId> ready(ready_.begin(), ready_.end());
    ready_.clear();
    const int nodes = executor_.nodes_;
    const auto turn = [&](StepId step) {
      return is_transfer(step) ? (lane_of(step).to - self_ + nodes) % nodes : nodes;
    };
    std::stable_sort(ready.begin(), ready.end(), [&](StepId a, StepId b) { return turn(a) < turn(b); });
    return ready;
  }

  void send(StepId step) {
    const double start = monotonic_seconds();
    const Lane lane = lane_of(step);
    Payload payload = executor_.participant_.pack(plan_, step);
    const MessageHeader header{plan_.round, step, static_cast<std::int64_t>(payload.size())};
    const double leaves = start + executor_.options_.delay_seconds.at(static_cast<std::size_t>(lane.to));
    log_.steps.push_back({step, start, {}, 0, message_bytes(payload)});
    sending_.push_back(
        std::async(std::launch::async, [&mesh = executor_.mesh_, lane, header, leaves, moved = std::move(payload)] {
          sleep_until(leaves);
          mesh.send(lane, header, moved);
        }));
  }

  void train(StepId step) {
    const double start = monotonic_seconds();
    TaskOutcome outcome;
    {
      CoreTurn turn(executor_.options_.core_file, executor_.options_.cpu_share);
      outcome = executor_.participant_.train(plan_, step_of(step).task);
      log_.late_seconds += turn.end();
    }
    log_.steps.push_back({step, start, monotonic_seconds(), outcome.cpu_seconds, 0});
    add_own(release_.ended(step, true).ready);
  }

  void wait_for_message() {
    std::unique_lock<std::mutex> lock(executor_.mutex_);
    const bool came = executor_.changed_.wait_for(lock, kTimeout, [&] {
      return std::any_of(expected_.begin(), expected_.end(), [&](StepId step) {
        return executor_.inbox_.count({plan_.round, step}) == 1;
      });
    });
    if (!came)
      throw RunError(fmt::format("round {}: node {} never got a message that it waits for", plan_.round, self_));
  }

  static double message_bytes(const Payload& payload) {
    return static_cast<double>(payload.size() + sizeof(MessageHeader));
  }

  NodeExecutor& executor_;
  const RoundPlan& plan_;
  const std::vector<Lane> lanes_;  // by step
  const NodeId self_;
  DependencyRelease release_;  // told of the steps that this node knows to be done
  std::set<StepId> ready_;     // this node's steps that may start
  std::set<StepId> expected_;  // messages that have not arrived
  int unstarted_ = 0;          // of this node's steps
  std::vector<std::future<void>> sending_;
  RoundLog log_;
};

RoundLog NodeExecutor::execute(const RoundPlan& plan) {
  return Round(*this, plan).run();
}

}  // namespace msfusion
