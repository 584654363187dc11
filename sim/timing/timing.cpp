#include "sim/timing/timing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <simgrid/kernel/Timer.hpp>

#include "sim/base/error.hpp"
#include "sim/timing/redraw.hpp"
#include "sim/timing/simgrid_signals.hpp"
#include "sim/timing/timing_impl.hpp"

namespace msfusion {

namespace s4u = simgrid::s4u;
using simgrid::kernel::timer::Timer;

Timing::Impl::Impl(const TimingOptions& options)
    : options_(options),
      file_(read_platform_file(options.platform_file)),
      platform_(load_platform(options, file_)),
      routes_(*platform_.engine, platform_.hosts),
      uncertainty_(uncertainty_of(platform_, file_, routes_)),
      refresh_(routes_),
      usage_(platform_, file_, routes_, options_.traces.get()),
      open_steps_of_(platform_.hosts.size(), 0) {
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
  if (options_.traces && options_.traces->pauses) away_.resize(platform_.fleet.devices.size(), false);
  for (const StateProfile& state : platform_.trace_states)
    if (!away_.empty()) watch_absence(nodes_.at(s4u::Host::by_name(state.host)), state.profile);
  for (StateProfile& state : platform_.trace_states) file_.states.push_back(std::move(state));
  platform_.engine->run_until(0);  // applies what the profiles say about the start
  if (usage_.has_series()) charge_at_changes();
  for (const LinkSeries& changing : platform_.link_series) change_bandwidth(changing, 0, 0);
}

Timing::Impl::~Impl() {
  // SimGrid's own objects outlive us and must find the activities alive; the process ends soon anyway.
  static std::vector<s4u::ActivityPtr> kept;
  for (const auto& flight : flights_) {
    for (FlyingStep& step : flight->steps) {
      if (step.activity) kept.push_back(step.activity);
    }
  }
  for (auto& [activity, pointer] : cancelled_) kept.push_back(pointer);
  for (auto& [activity, pointer] : acknowledgements_) kept.push_back(pointer);
  if (ended_) kept.push_back(ended_);
}

std::optional<double> Timing::Impl::next_switch() const {
  std::optional<double> next;
  for (const StateProfile& state : file_.states) {
    const auto date = state.profile.next_date(now());
    if (date && (!next || *date < *next)) next = date;
  }
  return next;
}

std::map<NodeId, Profile> Timing::Impl::state_profiles() const {
  std::map<NodeId, Profile> profiles;
  for (const StateProfile& state : file_.states) {
    const auto node = nodes_.find(s4u::Host::by_name_or_null(state.host));
    if (node != nodes_.end()) profiles.emplace(node->second, state.profile);
  }
  return profiles;
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
    case Closing::Kind::quorum:
      due = own_open_steps_ == 0 || arrived_tasks_ >= wanted_tasks_;
      break;
    case Closing::Kind::arrivals:
      due = open_steps_ == 0 || arrived_tasks_ >= wanted_tasks_;
      break;
  }
  if (due) stop();
}

/// The plan's steps from `first` on are part of the round from now on.
void Timing::Impl::take_off(const RoundPlan& plan, StepId first) {
  flights_.push_back(std::make_unique<Flight>(plan, first));
  Flight& flight = *flights_.back();
  open_steps_ += flight.open_steps;
  own_open_steps_ += flight.open_steps;
  for (const FlyingStep& step : flight.steps)
    if (step.owner >= 0) ++open_steps_of_[static_cast<std::size_t>(step.owner)];
  draw_losses(flight, options_.message_loss, options_.seed);
  for (const StepId id : flight.release.initial()) ready_.push_back(&flight.step(id));
}

void Timing::Impl::arrived(const FlyingStep& step) {
  ++arrived_tasks_;
  if (closing_.kind != Closing::Kind::arrivals || arrived_tasks_ >= wanted_tasks_ || !*on_arrival_) return;
  const std::size_t known = plan_->steps.size();
  (*on_arrival_)({step.flight->round, step.id});
  if (plan_->steps.size() > known) take_off(*plan_, static_cast<StepId>(known));
}

TimedRound Timing::Impl::execute(const RoundPlan& plan, const std::function<void(const Arrival&)>& on_arrival) {
  TimedRound round;
  round.round = plan.round;
  round.start_seconds = now();

  plan_ = &plan;
  on_arrival_ = &on_arrival;
  own_open_steps_ = 0;
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
  if (closing_.enough > 0) wanted_tasks_ = std::min(wanted_tasks_, closing_.enough);
  if (closing_.kind == Closing::Kind::arrivals) wanted_tasks_ = std::max(1, closing_.arrivals);

  stop_.clear();
  Timer* deadline = nullptr;
  if (closing_.kind == Closing::Kind::deadline) {
    deadline = Timer::set(now() + closing_.deadline_seconds, [this, &deadline] {
      deadline = nullptr;
      stop();  // what ends in this very instant still counts: it is handled before the run ends
    });
  }
  take_off(plan, 0);
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
    held_.clear();
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
  for (const auto& flight : flights_) {
    if (!flight->is_own) continue;
    for (const FlyingStep& step : flight->steps) round.steps.push_back(step.timed);
    flight->is_own = false;
  }
  round.carried = std::move(carried_);
  usage_.report(now(), round);
  flights_.erase(
      std::remove_if(flights_.begin(), flights_.end(), [](const auto& flight) { return flight->open_steps == 0; }),
      flights_.end());
}

Timing::Timing(const TimingOptions& options) : impl_(std::make_unique<Impl>(options)) {}
Timing::~Timing() = default;

const Fleet& Timing::fleet() const {
  return impl_->platform().fleet;
}
double Timing::now_seconds() const {
  return impl_->now();
}
TimedRound Timing::execute(const RoundPlan& plan, const std::function<void(const Arrival&)>& on_arrival) {
  return impl_->execute(plan, on_arrival);
}
bool Timing::is_busy(NodeId device) const {
  return impl_->is_busy(device);
}
bool Timing::is_on(NodeId node) const {
  return impl_->is_on(node);
}
std::optional<double> Timing::next_switch_seconds() const {
  return impl_->next_switch();
}
std::map<NodeId, Profile> Timing::state_profiles() const {
  return impl_->state_profiles();
}
const std::vector<LinkInfo>& Timing::links() const {
  return impl_->routes().links();
}
RouteInfo Timing::route(NodeId from, NodeId to) const {
  return impl_->routes().between(from, to);
}

const Uncertainty& Timing::uncertainty() const {
  return impl_->uncertainty();
}
void Timing::redraw(const DrawnFleet& fleet) {
  impl_->redraw(fleet);
}
bool Timing::is_timeless() const {
  return impl_->is_timeless();
}

}  // namespace msfusion
