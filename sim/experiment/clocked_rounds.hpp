// A run's rounds as planner and clock make them, without what is learned.
#pragma once

#include "sim/method/planner.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

class ClockedRounds {
 public:
  /// Both must outlive it.
  ClockedRounds(Timing& timing, Planner& planner) : timing_(timing), planner_(planner) {}

  /// The plan of the next round for the devices that are there. With no device online it is an empty round that waits
  /// until one may have come back.
  RoundPlan next(int round);

  /// Carries the plan out; at arrivals it may grow by trainings that begin then.
  TimedRound execute(RoundPlan& plan);

 private:
  Timing& timing_;
  Planner& planner_;
};

}  // namespace msfusion
