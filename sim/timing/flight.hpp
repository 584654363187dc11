// A round plan under way: which steps wait, run and have ended.
#pragma once

#include <simgrid/s4u.hpp>
#include <unordered_map>
#include <vector>

#include "sim/plan/dependency_release.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

struct Flight;

/// A step with everything needed to carry it out without the plan.
struct FlyingStep {
  enum class State { waiting, running, ended };

  Flight* flight = nullptr;
  StepId id = 0;
  bool is_transfer = false;
  NodeId node = 0;    ///< computes, or sends
  NodeId to = 0;      ///< receives
  double amount = 0;  ///< FLOPs or bytes
  bool lost = false;  ///< drawn in advance: the message will not arrive
  int task = -1;      ///< into Flight::open_steps_of_task; -1: of no task of the plan
  NodeId owner = -1;  ///< the device of that task
  State state = State::waiting;
  TimedStep timed;

  // While running:
  simgrid::s4u::ActivityPtr activity;
  std::size_t place = 0;  ///< among the running transfers
  const RouteInfo* route = nullptr;
  double carried_bytes = 0;     ///< already counted
  double wire_bytes = 0;        ///< that `amount` takes on the wire; 0: as many, without framing
  bool is_paused = false;       ///< a device of its is away
  double remaining_bytes = -1;  ///< when a host or link went off; negative: it did not
};

/// One plan's steps, or those from `first` on, which were added later. Its address must not change: activities point to
/// the steps.
struct Flight {
  explicit Flight(const RoundPlan& plan, StepId first = 0);  ///< throws RunError for an amount that is no number
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  /// FLOPs that the step takes more than the plan says, because steps before it are not done.
  double more_work(StepId id);

  FlyingStep& step(StepId id) { return steps[static_cast<std::size_t>(id - first)]; }

  int round = 0;
  StepId first = 0;
  bool is_own = true;  ///< of the round that goes on now
  std::vector<FlyingStep> steps;
  DependencyRelease release;
  std::vector<int> open_steps_of_task;  ///< by place in the plan's tasks; a failed task never reaches 0
  int open_steps = 0;

 private:
  struct Unmasking {
    StepId step;
    std::vector<StepId> masked;
    double flops_for_missing;
  };
  std::vector<Unmasking> unmaskings_;
};

/// Draws which transfers will be lost; they depend on the seed, the round and the place in its plan alone.
void draw_losses(Flight& flight, double probability, std::uint64_t seed);

}  // namespace msfusion
