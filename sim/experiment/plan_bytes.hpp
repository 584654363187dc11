// A round plan as bytes: what the clock needs of it, so that equal bytes take equal times.
#pragma once

#include <string>
#include <vector>

#include "sim/plan/round_plan.hpp"

namespace msfusion {

/// How far a plan had grown after an arrival (see Timing::execute).
struct Growth {
  std::size_t tasks = 0, steps = 0;
};

/// A plan to be timed again.
struct TimeablePlan {
  RoundPlan plan;  ///< tasks have their device alone, and are numbered by their places
  std::vector<bool> participants;
  Growth begun;                 ///< with what it begins
  std::vector<Growth> growths;  ///< after each arrival
};

/// Without the round's number.
std::string bytes_of(const TimeablePlan& plan);
TimeablePlan plan_of(const std::string& bytes);

}  // namespace msfusion
