#include "sim/timing/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/uniform_01.hpp>
#include <cassert>
#include <cmath>
#include <deque>
#include <limits>
#include <set>
#include <simgrid/kernel/Timer.hpp>

#include "sim/base/error.hpp"
#include "sim/base/seed.hpp"
#include "sim/timing/flight.hpp"
#include "sim/timing/link_refresh.hpp"
#include "sim/timing/routes.hpp"
#include "sim/timing/simgrid_platform.hpp"
#include "sim/timing/simgrid_signals.hpp"
#include "sim/timing/usage.hpp"

namespace msfusion {

namespace s4u = simgrid::s4u;
using simgrid::kernel::timer::Timer;

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace

/// Steps are SimGrid activities without actors. The engine runs until the closing condition of the round holds; it is
/// stopped through its set of vetoed activities, which ends the run after the current instant.
class Timing::Impl {
 public:
  explicit Impl(const TimingOptions& options)
      : options_(options),
        file_(read_platform_file(options.platform_file)),
        platform_(load_platform(options, file_)),
        routes_(*platform_.engine, platform_.hosts),
        refresh_(routes_),
        usage_(platform_, file_, routes_) {
    if (options_.sends_at_once > 0) senders_.resize(platform_.fleet.devices.size());
    platform_.engine->track_vetoed_activities(&stop_);
    on_activity_end([this](const s4u::Activity& activity) { on_completion(activity); });
    for (std::size_t node = 0; node < platform_.hosts.size(); ++node)
      nodes_.emplace(platform_.hosts[node], static_cast<NodeId>(node));
    on_host_switch([this](const s4u::Host& host) {
      if (const auto node = nodes_.find(&host); node != nodes_.end())
        usage_.node_switched(node->second, host.is_on(), now());
      if (!host.is_on()) note_remaining_bytes([&](const FlyingStep& step) { return touches(step, host); });
    });
    on_link_switch([this](const s4u::Link& link) {
      const int index = routes_.index_of(link);
      usage_.link_switched(index, link.is_on(), now());
      if (!link.is_on()) {
        note_remaining_bytes([&](const FlyingStep& step) {
          return std::find(step.route->links.begin(), step.route->links.end(), index) != step.route->links.end();
        });
      }
    });
    if (options_.network == TimingOptions::NetworkModel::cm02) {
      s4u::Engine::on_time_advance_cb([this](double) { refresh_.time_advanced(now()); });
    }
    platform_.engine->run_until(0);  // applies what the profiles say about the start
  }

  ~Impl() {
    // SimGrid's own objects outlive us and must find the activities alive; the process ends soon anyway.
    static std::vector<s4u::ActivityPtr> kept;
    for (const auto& flight : flights_) {
      for (FlyingStep& step : flight->steps) {
        if (step.activity) kept.push_back(step.activity);
      }
    }
    for (auto& [activity, pointer] : cancelled_) kept.push_back(pointer);
    if (ended_) kept.push_back(ended_);
  }

  TimedRound execute(const RoundPlan& plan);

  double now() const { return s4u::Engine::get_clock(); }
  const SimGridPlatform& platform() const { return platform_; }
  RouteTable& routes() { return routes_; }

  std::optional<double> next_switch() const {
    std::optional<double> next;
    for (const Profile& profile : file_.switches) {
      const auto date = profile.next_date(now());
      if (date && (!next || *date < *next)) next = date;
    }
    return next;
  }

 private:
  // --- one step ---
  void start_or_queue(FlyingStep& step);
  void serve_queue(NodeId node);
  void start(FlyingStep& step);
  void start_compute(FlyingStep& step);
  void start_transfer(FlyingStep& step);
  void end(FlyingStep& step, Fate fate);
  void skip(FlyingStep& step);
  void release_successors(FlyingStep& step);
  void leave_running(FlyingStep& step);
  void count_bytes(FlyingStep& step, double remaining);
  void cancel(FlyingStep& step);

  // --- what SimGrid tells ---
  void on_completion(const s4u::Activity& activity);
  template <class Condition>
  void note_remaining_bytes(Condition concerns);
  bool touches(const FlyingStep& step, const s4u::Host& host) const {
    return host_of(step.node) == &host || host_of(step.to) == &host;
  }

  // --- the round ---
  void draw_losses(Flight& flight) const;
  void start_ready_steps();
  void close_if_due();
  void stop();
  void end_round(TimedRound& round);

  s4u::Host* host_of(NodeId node) const { return platform_.hosts[static_cast<std::size_t>(node)]; }

  TimingOptions options_;
  PlatformFile file_;
  SimGridPlatform platform_;
  RouteTable routes_;
  LinkRefresh refresh_;
  UsageMeter usage_;
  std::unordered_map<const s4u::Host*, NodeId> nodes_;

  std::vector<std::unique_ptr<Flight>> flights_;  ///< those with open steps; the newest is the round's own
  std::vector<FlyingStep*> running_transfers_;
  std::vector<FlyingStep*> ready_;
  struct Sender {
    int sending = 0;
    std::deque<FlyingStep*> queue;
  };
  std::vector<Sender> senders_;  ///< per device; empty if there is no limit
  std::set<s4u::Activity*> stop_;
  /// SimGrid reports a cancelled activity once more in the next run, through a plain pointer.
  std::unordered_map<const s4u::Activity*, s4u::ActivityPtr> cancelled_;
  s4u::ActivityPtr ended_;  ///< kept until SimGrid has left it
  bool cancelling_ = false;

  int open_steps_ = 0;  ///< of all flights
  Flight* own_ = nullptr;
  Closing closing_;
  bool closed_ = true;
  int wanted_tasks_ = 0;  ///< quorum, arrivals
  int arrived_tasks_ = 0;
  std::vector<CarriedStep> carried_;
};

void Timing::Impl::start(FlyingStep& step) {
  assert(step.state == FlyingStep::State::waiting);
  step.timed.start_seconds = now();
  if (!host_of(step.node)->is_on() || !host_of(step.to)->is_on()) {
    step.state = FlyingStep::State::running;
    end(step, Fate::failed);
  } else if (!(step.amount > 0)) {
    step.state = FlyingStep::State::running;
    end(step, Fate::done);
  } else if (step.is_transfer) {
    start_transfer(step);
  } else {
    start_compute(step);
  }
}

void Timing::Impl::start_or_queue(FlyingStep& step) {
  if (step.is_transfer && step.amount > 0 && static_cast<std::size_t>(step.node) < senders_.size()) {
    Sender& sender = senders_[static_cast<std::size_t>(step.node)];
    if (sender.sending >= options_.sends_at_once) {
      sender.queue.push_back(&step);
      return;
    }
  }
  start(step);
  if (step.state == FlyingStep::State::ended) serve_queue(step.node);  // it failed without its turn
}

/// Makes the next transfer ready that waits for its turn at a node, if there is a turn to take.
void Timing::Impl::serve_queue(NodeId node) {
  if (static_cast<std::size_t>(node) >= senders_.size()) return;
  Sender& sender = senders_[static_cast<std::size_t>(node)];
  if (sender.queue.empty() || sender.sending >= options_.sends_at_once) return;
  ready_.push_back(sender.queue.front());
  sender.queue.pop_front();
}

void Timing::Impl::start_compute(FlyingStep& step) {
  const s4u::ExecPtr exec = s4u::Exec::init();
  exec->set_data(&step);
  exec->set_flops_amount(step.amount);
  exec->set_host(host_of(step.node));
  step.activity = exec;
  step.state = FlyingStep::State::running;
  usage_.compute_started(step.node, now());
  exec->start();
}

void Timing::Impl::start_transfer(FlyingStep& step) {
  step.route = &routes_.between(step.node, step.to);
  step.state = FlyingStep::State::running;
  for (const int link : step.route->links) {
    if (routes_.link(link)->is_on()) continue;
    step.route = nullptr;  // nothing left the node
    end(step, Fate::failed);
    return;
  }
  const s4u::CommPtr comm = s4u::Comm::sendto_init(host_of(step.node), host_of(step.to));
  stop_.erase(comm.get());  // vetoed as long as it had no destination
  comm->set_data(&step);
  comm->set_payload_size(std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::llround(step.amount))));
  step.activity = comm;
  step.carried_bytes = 0;
  step.remaining_bytes = -1;
  if (static_cast<std::size_t>(step.node) < senders_.size()) ++senders_[static_cast<std::size_t>(step.node)].sending;
  step.place = running_transfers_.size();
  running_transfers_.push_back(&step);
  usage_.transfer_started(step.node, step.to, now());
  comm->start();
  if (options_.network == TimingOptions::NetworkModel::cm02) refresh_.flow_started(*step.route, now());
}

/// Counts what left the node since the last time.
void Timing::Impl::count_bytes(FlyingStep& step, double remaining) {
  const double carried = std::clamp(step.amount - remaining, step.carried_bytes, step.amount);
  usage_.carried(step.node, *step.route, carried - step.carried_bytes);
  step.carried_bytes = carried;
}

void Timing::Impl::leave_running(FlyingStep& step) {
  if (!step.activity) return;
  step.activity->set_data(nullptr);
  if (cancelling_) {
    cancelled_.emplace(step.activity.get(), step.activity);
  } else {
    ended_ = step.activity;
  }
  step.activity = nullptr;
  if (!step.is_transfer) {
    usage_.compute_ended(step.node, now());
    return;
  }
  usage_.transfer_ended(step.node, step.to, now());
  if (static_cast<std::size_t>(step.node) < senders_.size()) {
    --senders_[static_cast<std::size_t>(step.node)].sending;
    serve_queue(step.node);
  }
  running_transfers_[step.place] = running_transfers_.back();
  running_transfers_[step.place]->place = step.place;
  running_transfers_.pop_back();
}

void Timing::Impl::end(FlyingStep& step, Fate fate) {
  leave_running(step);
  step.state = FlyingStep::State::ended;
  step.timed.end_seconds = now();
  step.timed.fate = fate;
  Flight& flight = *step.flight;
  --flight.open_steps;
  --open_steps_;
  if (fate == Fate::done && step.task >= 0 && --flight.open_steps_of_task[static_cast<std::size_t>(step.task)] == 0) {
    if (&flight == own_ || closing_.kind == Closing::Kind::arrivals) ++arrived_tasks_;
  }
  if (&flight != own_) carried_.push_back({flight.round, step.id, step.timed});
  release_successors(step);
}

void Timing::Impl::skip(FlyingStep& step) {
  step.state = FlyingStep::State::ended;
  step.timed.fate = Fate::skipped;
  --step.flight->open_steps;
  --open_steps_;
  if (step.flight != own_) carried_.push_back({step.flight->round, step.id, step.timed});
}

/// Steps whose conditions are met become ready; those that wait for one that is not done are skipped, and so on. Who
/// makes do with what there is waits until all have ended.
void Timing::Impl::release_successors(FlyingStep& step) {
  std::vector<FlyingStep*> pending = {&step};
  while (!pending.empty()) {
    const FlyingStep& from = *pending.back();
    pending.pop_back();
    Flight& flight = *from.flight;
    const auto first = static_cast<std::size_t>(flight.first_successor[static_cast<std::size_t>(from.id)]);
    const auto last = static_cast<std::size_t>(flight.first_successor[static_cast<std::size_t>(from.id) + 1]);
    for (std::size_t i = first; i < last; ++i) {
      FlyingStep& next = flight.steps[static_cast<std::size_t>(flight.successors[i])];
      if (next.state == FlyingStep::State::ended) continue;
      const bool met = from.timed.fate == Fate::done;
      next.has_one = next.has_one || met;
      const bool waits = --next.open_conditions > 0;
      if (next.makes_do ? !waits && !next.has_one : !met) {
        skip(next);
        pending.push_back(&next);
      } else if (!waits) {
        ready_.push_back(&next);
      }
    }
  }
}

void Timing::Impl::start_ready_steps() {
  // Starting one may make others ready: a step without work ends at once.
  for (std::size_t i = 0; i < ready_.size(); ++i) {
    if (ready_[i]->state == FlyingStep::State::waiting) start_or_queue(*ready_[i]);
  }
  ready_.clear();
}

void Timing::Impl::on_completion(const s4u::Activity& activity) {
  if (cancelling_) return;
  if (const auto found = cancelled_.find(&activity); found != cancelled_.end()) {
    ended_ = found->second;
    cancelled_.erase(found);
    return;
  }
  auto* step = static_cast<FlyingStep*>(activity.get_data<void>());
  if (!step) return;
  const bool complete = activity.get_state() == s4u::Activity::State::FINISHED;
  if (step->is_transfer) {
    count_bytes(*step, complete                    ? 0
                       : step->remaining_bytes < 0 ? step->amount - step->carried_bytes
                                                   : step->remaining_bytes);
    if (complete && !step->lost) usage_.received(step->to, step->amount);
  }
  end(*step, complete && !step->lost ? Fate::done : Fate::failed);
  close_if_due();
  if (!closed_ || closing_.keep_in_flight) {
    start_ready_steps();
    close_if_due();
  }
}

/// When a host or link goes off, SimGrid still knows how far its flows are; afterwards it is not safe to ask.
template <class Condition>
void Timing::Impl::note_remaining_bytes(Condition concerns) {
  for (FlyingStep* step : running_transfers_) {
    if (concerns(*step)) step->remaining_bytes = step->activity->get_remaining();
  }
}

void Timing::Impl::stop() {
  closed_ = true;
  stop_.insert(nullptr);
}

void Timing::Impl::close_if_due() {
  if (closed_) return;
  bool due = false;
  switch (closing_.kind) {
    case Closing::Kind::all:
    case Closing::Kind::deadline:
      due = own_->open_steps == 0;
      break;
    case Closing::Kind::quorum:
      due = own_->open_steps == 0 || arrived_tasks_ >= wanted_tasks_;
      break;
    case Closing::Kind::arrivals:
      due = open_steps_ == 0 || arrived_tasks_ >= wanted_tasks_;
      break;
  }
  if (due) stop();
}

void Timing::Impl::draw_losses(Flight& flight) const {
  if (options_.message_loss <= 0) return;
  boost::random::mt19937_64 random(
      derive_seed(options_.seed, Purpose::message_loss, 0, static_cast<std::uint64_t>(flight.round)));
  boost::random::uniform_01<double> uniform;
  for (FlyingStep& step : flight.steps) {
    if (step.is_transfer && step.amount > 0) step.lost = uniform(random) < options_.message_loss;
  }
}

void Timing::Impl::cancel(FlyingStep& step) {
  const s4u::ActivityPtr activity = step.activity;
  cancelling_ = true;
  if (step.is_transfer) count_bytes(step, activity->get_remaining());
  activity->cancel();
  end(step, Fate::late);
  cancelling_ = false;
}

TimedRound Timing::Impl::execute(const RoundPlan& plan) {
  TimedRound round;
  round.round = plan.round;
  round.start_seconds = now();

  flights_.push_back(std::make_unique<Flight>(plan));
  own_ = flights_.back().get();
  open_steps_ += own_->open_steps;
  draw_losses(*own_);
  usage_.begin(now());
  closing_ = plan.closing;
  closed_ = false;
  arrived_tasks_ = 0;
  carried_.clear();
  wanted_tasks_ = std::numeric_limits<int>::max();
  if (closing_.kind == Closing::Kind::quorum && !plan.tasks.empty()) {
    // Rounding noise must not ask for one task more: 0.7 x 10 is 7.
    wanted_tasks_ =
        std::max(1, static_cast<int>(std::ceil(closing_.fraction * static_cast<double>(plan.tasks.size()) - 1e-9)));
  }
  if (closing_.kind == Closing::Kind::arrivals) wanted_tasks_ = std::max(1, closing_.arrivals);

  stop_.clear();
  Timer* deadline = nullptr;
  if (closing_.kind == Closing::Kind::deadline) {
    deadline = Timer::set(now() + closing_.deadline_seconds, [this, &deadline] {
      deadline = nullptr;
      stop();  // what ends in this very instant still counts: it is handled before the run ends
    });
  }
  for (FlyingStep& step : own_->steps) {
    if (step.open_conditions == 0) ready_.push_back(&step);
  }
  start_ready_steps();
  const bool waits = plan.steps.empty() && closing_.kind == Closing::Kind::deadline;
  if (!waits) close_if_due();
  if (!closed_) platform_.engine->run();
  if (!closed_) throw RunError(fmt::format("the simulation of round {} stopped before the round was over", plan.round));
  if (deadline) deadline->remove();

  end_round(round);
  return round;
}

void Timing::Impl::end_round(TimedRound& round) {
  if (closing_.keep_in_flight) {
    start_ready_steps();
  } else {
    for (Sender& sender : senders_) sender.queue.clear();
  }
  for (const auto& flight : flights_) {
    for (FlyingStep& step : flight->steps) {
      if (step.state == FlyingStep::State::ended) continue;
      if (closing_.keep_in_flight) {
        step.timed.fate = Fate::in_flight;
        if (step.activity && step.is_transfer) count_bytes(step, step.activity->get_remaining());
      } else if (step.state == FlyingStep::State::running) {
        cancel(step);
      } else {
        skip(step);
      }
    }
  }
  ready_.clear();
  round.end_seconds = now();
  round.steps.reserve(own_->steps.size());
  for (const FlyingStep& step : own_->steps) round.steps.push_back(step.timed);
  round.carried = std::move(carried_);
  usage_.report(now(), round);
  flights_.erase(
      std::remove_if(flights_.begin(), flights_.end(), [](const auto& flight) { return flight->open_steps == 0; }),
      flights_.end());
  own_ = nullptr;
}

Timing::Timing(const TimingOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Timing::~Timing() = default;

const Fleet& Timing::fleet() const {
  return impl_->platform().fleet;
}
double Timing::now_seconds() const {
  return impl_->now();
}
TimedRound Timing::execute(const RoundPlan& plan) {
  return impl_->execute(plan);
}
bool Timing::is_on(NodeId node) const {
  return impl_->platform().hosts.at(static_cast<std::size_t>(node))->is_on();
}
std::optional<double> Timing::next_switch_seconds() const {
  return impl_->next_switch();
}
const std::vector<LinkInfo>& Timing::links() const {
  return impl_->routes().links();
}
RouteInfo Timing::route(NodeId from, NodeId to) const {
  return impl_->routes().between(from, to);
}

}  // namespace msfusion
