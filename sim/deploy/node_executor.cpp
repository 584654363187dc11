#include "sim/deploy/node_executor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <set>

#include "sim/base/error.hpp"
#include "sim/deploy/cpu_share.hpp"
#include "sim/plan/dependency_release.hpp"

namespace msfusion {

namespace {
constexpr auto kPatience = std::chrono::minutes(5);  // for a message
}

NodeExecutor::NodeExecutor(const NodeOptions& options, const std::vector<Address>& nodes,
                           const std::vector<RoundPlan>& plans, Participant& participant)
    : options_(options),
      nodes_(static_cast<int>(nodes.size())),
      participant_(participant),
      mesh_(options.node, nodes, all_lanes(plans),
            [this](const MessageHeader& header, std::vector<float> values) { arrived(header, std::move(values)); }) {}

void NodeExecutor::arrived(const MessageHeader& header, std::vector<float> values) {
  const std::lock_guard<std::mutex> lock(mutex_);
  inbox_[{header.round, header.step}] = {std::move(values), monotonic_seconds()};
  changed_.notify_all();
}

RoundLog NodeExecutor::execute(const RoundPlan& plan) {
  const NodeId self = options_.node;
  const std::vector<Lane> lanes = lanes_of(plan);
  RoundLog log;
  const auto is_own = [&](StepId step) { return lanes[static_cast<std::size_t>(step)].from == self; };
  DependencyRelease release(plan);   // told of the steps that this node knows to be done
  std::set<StepId> ready, expected;  // own steps that may start; messages that have not arrived
  int unstarted = 0;                 // own steps
  for (StepId step = 0; step < static_cast<StepId>(plan.steps.size()); ++step) {
    if (is_own(step)) ++unstarted;
    if (!is_own(step) && lanes[static_cast<std::size_t>(step)].to == self) expected.insert(step);
  }
  const auto add_own = [&](const std::vector<StepId>& released) {
    for (const StepId step : released)
      if (is_own(step)) ready.insert(step);
  };
  add_own(release.initial());
  const auto turn = [&](StepId step) {
    if (!std::holds_alternative<Transfer>(plan.steps[static_cast<std::size_t>(step)].what)) return nodes_;
    return (lanes[static_cast<std::size_t>(step)].to - self + nodes_) % nodes_;
  };
  std::vector<std::future<void>> sending;
  const auto take_messages = [&] {
    std::unique_lock<std::mutex> lock(mutex_);
    for (auto step = expected.begin(); step != expected.end();) {
      const auto message = inbox_.find({plan.round, *step});
      if (message == inbox_.end()) {
        ++step;
        continue;
      }
      const Message content = std::move(message->second);
      inbox_.erase(message);
      lock.unlock();
      participant_.unpack(plan, *step, content.values);
      log.steps.push_back({*step,
                           {},
                           content.arrived_seconds,
                           0,
                           static_cast<double>(content.values.size() * sizeof(float) + sizeof(MessageHeader))});
      add_own(release.ended(*step, true).ready);
      step = expected.erase(step);
      lock.lock();
    }
  };
  while (unstarted > 0 || !expected.empty()) {
    take_messages();
    std::vector<StepId> starting(ready.begin(), ready.end());
    ready.clear();
    // Sends go before trainings, which take long. Every node begins with the node after itself, so that they do not all
    // queue at the same line first.
    std::stable_sort(starting.begin(), starting.end(), [&](StepId a, StepId b) { return turn(a) < turn(b); });
    for (const StepId step : starting) {
      --unstarted;
      const double start = monotonic_seconds();
      if (std::holds_alternative<Transfer>(plan.steps[static_cast<std::size_t>(step)].what)) {
        const Lane lane = lanes[static_cast<std::size_t>(step)];
        std::vector<float> values = participant_.pack(plan, step);
        const MessageHeader header{plan.round, step, static_cast<std::int64_t>(values.size())};
        const double leaves = start + options_.delay_seconds.at(static_cast<std::size_t>(lane.to));
        log.steps.push_back({step, start, {}, 0, static_cast<double>(values.size() * sizeof(float) + sizeof header)});
        sending.push_back(std::async(std::launch::async, [this, lane, header, leaves, moved = std::move(values)] {
          sleep_until(leaves);
          mesh_.send(lane, header, moved);
        }));
      } else {
        TaskOutcome outcome;
        {
          const CpuShare share(options_.cpu_share);
          outcome = participant_.train(plan, plan.steps[static_cast<std::size_t>(step)].task);
        }
        log.steps.push_back({step, start, monotonic_seconds(), outcome.cpu_seconds, 0});
        add_own(release.ended(step, true).ready);
      }
    }
    if (!starting.empty() || expected.empty()) {
      if (starting.empty() && unstarted > 0) throw std::logic_error("a step of this node waits for what it cannot see");
      continue;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    const bool came = changed_.wait_for(lock, kPatience, [&] {
      return std::any_of(expected.begin(), expected.end(), [&](StepId step) {
        return inbox_.count({plan.round, step}) == 1;
      });
    });
    if (!came) throw RunError(fmt::format("round {}: node {} waited in vain for a message", plan.round, self));
  }
  for (auto& sent : sending) sent.get();
  const double began = monotonic_seconds();
  participant_.finish_round(plan);
  log.end_seconds = monotonic_seconds();
  log.merge_seconds = log.end_seconds - began;
  return log;
}

}  // namespace msfusion
