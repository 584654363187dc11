// A round plan as bytes: what the clock needs of it, so that equal bytes take equal times.
#pragma once

#include <string>
#include <vector>

#include "sim/plan/round_plan.hpp"

namespace msfusion {

/// A plan to be timed again.
struct TimeablePlan {
  RoundPlan plan;  ///< tasks have their device alone, and are numbered by their places
  std::vector<bool> participants;
  std::size_t delivered = 0;  ///< updates, of a method whose plans are made anew
};

/// Without the round's number.
std::string bytes_of(const TimeablePlan& plan);
TimeablePlan plan_of(const std::string& bytes);

}  // namespace msfusion
