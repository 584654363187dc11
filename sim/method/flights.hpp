// What is still under way when a round closes: steps, their plans, and the devices that are busy with them.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

class Flights {
 public:
  explicit Flights(int nodes) : steps_of_(static_cast<std::size_t>(nodes), 0) {}

  /// Takes off the steps that the round left in flight, and lands the carried ones of earlier rounds, whatever became
  /// of them. A round that keeps nothing in flight changes nothing.
  void observe(const RoundPlan& plan, const TimedRound& timed);

  bool empty() const { return plans_.empty(); }
  bool is_busy(NodeId device) const { return steps_of_[static_cast<std::size_t>(device)] > 0; }

  /// The plan of an earlier round some of whose steps are still under way.
  const RoundPlan& plan_of(int round) const { return plans_.at(round).plan; }

  /// The trainings that may still arrive. Others were lost with their device or its link.
  std::set<TaskId> tasks() const;

 private:
  struct Flying {
    RoundPlan plan;
    int open_steps = 0;
  };
  std::map<int, Flying> plans_;  // by round; only those with open steps
  std::vector<int> steps_of_;    // how many of each device's steps are under way
};

}  // namespace msfusion
