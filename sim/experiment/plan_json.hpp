// A planned and timed round as JSON, for `msfusion plan --json`. The keys are documented in docs/plan-json.md and stay.
#pragma once

#include <string>

#include "sim/method/planner.hpp"
#include "sim/record/records.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

/// One object on one line. `windows` adds the index set of every axis to each device. Figures that are not known are
/// null.
std::string round_json(const Shape& shape, const Timing& timing, const RoundPlan& plan, const TimedRound& timed,
                       const RoundResult& result, bool windows);

}  // namespace msfusion
