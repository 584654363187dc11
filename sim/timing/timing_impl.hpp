// What carries out round plans on SimGrid: the steps that are under way and the round that waits for them.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "sim/timing/flight.hpp"
#include "sim/timing/link_refresh.hpp"
#include "sim/timing/routes.hpp"
#include "sim/timing/simgrid_platform.hpp"
#include "sim/timing/timing.hpp"
#include "sim/timing/usage.hpp"

namespace msfusion {

/// Steps are SimGrid activities without actors. The engine runs until the closing condition of the round holds; it is
/// stopped through its set of vetoed activities, which ends the run after the current instant.
class Timing::Impl {
 public:
  explicit Impl(const TimingOptions& options);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  TimedRound execute(const RoundPlan& plan, const std::function<void(const Arrival&)>& on_arrival);
  bool is_on(NodeId node) const { return host_of(node)->is_on() && !is_away(node); }
  bool is_busy(NodeId device) const { return open_steps_of_[static_cast<std::size_t>(device)] > 0; }

  double now() const { return simgrid::s4u::Engine::get_clock(); }
  const SimGridPlatform& platform() const { return platform_; }
  RouteTable& routes() { return routes_; }

  std::optional<double> next_switch() const;
  std::map<NodeId, Profile> state_profiles() const;

  const Uncertainty& uncertainty() const { return uncertainty_; }
  void redraw(const DrawnFleet& fleet);
  bool is_timeless() const;

 private:
  // --- one step ---
  void start_or_queue(FlyingStep& step);
  void serve_queue(NodeId node);
  void start(FlyingStep& step);
  void start_compute(FlyingStep& step);
  void start_transfer(FlyingStep& step);
  void end(FlyingStep& step, Fate fate);
  void skip(FlyingStep& step);
  void close(FlyingStep& step);
  void release_successors(FlyingStep& step);
  void leave_running(FlyingStep& step);
  void count_bytes(FlyingStep& step, double remaining);
  void acknowledge(const FlyingStep& step);
  void cancel(FlyingStep& step);

  // --- what SimGrid reports ---
  void on_completion(const simgrid::s4u::Activity& activity);
  /// When a host or link goes off, SimGrid still knows how far its flows are; afterwards it is not safe to ask.
  template <class Condition>
  void note_remaining_bytes(Condition concerns) {
    for (FlyingStep* step : running_transfers_)
      if (concerns(*step)) step->remaining_bytes = step->activity->get_remaining();
  }
  bool touches(const FlyingStep& step, const simgrid::s4u::Host& host) const {
    return host_of(step.node) == &host || host_of(step.to) == &host;
  }

  // --- devices that are away and come back to their work ---
  void watch_absence(NodeId node, const Profile& profile);
  void next_absence(NodeId node, const Profile& profile, std::size_t event, double base);
  void set_away(NodeId node, bool away);
  bool is_away(NodeId node) const {
    return static_cast<std::size_t>(node) < away_.size() && away_[static_cast<std::size_t>(node)];
  }
  void pause(FlyingStep& step);
  void go_on(FlyingStep& step);

  // --- the round ---
  void take_off(const RoundPlan& plan, StepId first);
  void arrived(const FlyingStep& step);
  void start_ready_steps();
  void close_if_due();
  void charge_at_changes();
  void change_bandwidth(const LinkSeries& changing, std::size_t step, double base);
  void stop();
  void end_round(TimedRound& round);

  simgrid::s4u::Host* host_of(NodeId node) const { return platform_.hosts[static_cast<std::size_t>(node)]; }

  TimingOptions options_;
  PlatformFile file_;
  SimGridPlatform platform_;
  RouteTable routes_;
  Uncertainty uncertainty_;
  std::vector<double> drawn_work_;                       ///< by node; empty: all 1
  std::vector<DrawnFleet::Variation> drawn_variations_;  ///< by node; empty: none
  std::vector<double> series_rates_;  ///< what each of platform_.link_series is multiplied with besides; empty: all 1
  LinkRefresh refresh_;
  UsageMeter usage_;
  std::unordered_map<const simgrid::s4u::Host*, NodeId> nodes_;

  std::vector<std::unique_ptr<Flight>> flights_;  ///< those with open steps; the newest are the round's own
  std::vector<FlyingStep*> running_transfers_;
  std::vector<FlyingStep*> ready_;
  std::vector<FlyingStep*> held_;  ///< would start, but for a device that is away
  std::vector<bool> away_;         ///< by device, where work is paused; empty otherwise
  struct Sender {
    int sending = 0;
    std::deque<FlyingStep*> queue;
  };
  std::vector<Sender> senders_;  ///< per device; empty if there is no limit
  std::set<simgrid::s4u::Activity*> stop_;
  /// SimGrid reports a cancelled activity once more in the next run, through a plain pointer.
  std::unordered_map<const simgrid::s4u::Activity*, simgrid::s4u::ActivityPtr> cancelled_;
  /// On their way back; nobody waits for them.
  std::unordered_map<const simgrid::s4u::Activity*, simgrid::s4u::ActivityPtr> acknowledgements_;
  simgrid::s4u::ActivityPtr ended_;  ///< kept until SimGrid has left it
  bool cancelling_ = false;

  int open_steps_ = 0;              ///< of all flights
  int own_open_steps_ = 0;          ///< of the round's own
  std::vector<int> open_steps_of_;  ///< by node: of its trainings
  const RoundPlan* plan_ = nullptr;
  const std::function<void(const Arrival&)>* on_arrival_ = nullptr;
  Closing closing_;
  bool closed_ = true;
  int wanted_tasks_ = 0;  ///< that end the round
  int arrived_tasks_ = 0;
  std::vector<CarriedStep> carried_;
};

}  // namespace msfusion
