// Devices that a trace takes away for a while, and whose work waits for them.
#include <algorithm>
#include <simgrid/kernel/Timer.hpp>

#include "sim/timing/timing_impl.hpp"

namespace msfusion {

using simgrid::kernel::timer::Timer;

/// The profile's first event is at 0.
void Timing::Impl::watch_absence(NodeId node, const Profile& profile) {
  away_[static_cast<std::size_t>(node)] = profile.events.front().value == 0;
  next_absence(node, profile, 1, 0);
}

void Timing::Impl::next_absence(NodeId node, const Profile& profile, std::size_t event, double base) {
  if (event == profile.events.size()) {
    event = 0;
    base += *profile.period_seconds;
  }
  Timer::set(base + profile.events[event].date_seconds, [this, node, profile, event, base] {
    set_away(node, profile.events[event].value == 0);
    next_absence(node, profile, event + 1, base);
  });
}

void Timing::Impl::set_away(NodeId node, bool away) {
  if (is_away(node) == away) return;
  away_[static_cast<std::size_t>(node)] = away;
  for (const auto& flight : flights_)
    for (FlyingStep& step : flight->steps) {
      if (step.state != FlyingStep::State::running || !step.activity || (step.node != node && step.to != node))
        continue;
      const bool waits = is_away(step.node) || is_away(step.to);
      if (waits && !step.is_paused) pause(step);
      if (!waits && step.is_paused) go_on(step);
    }
  if (away || held_.empty()) return;
  std::vector<FlyingStep*> held;
  held.swap(held_);
  for (FlyingStep* step : held) ready_.push_back(step);  // those that still cannot start are held again
  start_ready_steps();
  close_if_due();
}

void Timing::Impl::pause(FlyingStep& step) {
  step.is_paused = true;
  step.activity->suspend();
  if (step.is_transfer)
    usage_.transfer_ended(step.node, step.to, now());
  else
    usage_.compute_ended(step.node, now());
}

void Timing::Impl::go_on(FlyingStep& step) {
  step.is_paused = false;
  step.activity->resume();
  if (step.is_transfer)
    usage_.transfer_started(step.node, step.to, now());
  else
    usage_.compute_started(step.node, now());
}

void Timing::Impl::charge_at_changes() {
  Timer::set(usage_.next_change(now()), [this] {
    // What has left until now was sent at the figures that held.
    for (FlyingStep* step : running_transfers_) count_bytes(*step, step->activity->get_remaining());
    usage_.charge(now());
    charge_at_changes();
  });
}

/// At each step of a series, the first of which is at once.
void Timing::Impl::change_bandwidth(const LinkSeries& changing, std::size_t step, double base) {
  const auto index = static_cast<std::size_t>(&changing - platform_.link_series.data());
  const double drawn = index < series_rates_.size() ? series_rates_[index] : 1;
  changing.link->set_bandwidth(changing.factor * drawn * changing.series->values[step]);
  if (++step == changing.series->values.size()) {
    step = 0;
    base += changing.series->period_seconds;
  }
  Timer::set(base + changing.series->starts[step],
             [this, &changing, step, base] { change_bandwidth(changing, step, base); });
}

}  // namespace msfusion
