// Round plans in a file, for other programs to carry out.
#pragma once

#include <string>
#include <vector>

#include "sim/plan/round_plan.hpp"

namespace msfusion {

/// JSON: {"rounds": [{"round", "tasks", "steps", "next_slices"}]}; slices as [start, length, size] per axis, or
/// {"units", "size"} where they are not windows. Only plans that close when everything is done. Throws RunError.
void write_plans(const std::string& file, const std::vector<RoundPlan>& plans);
std::vector<RoundPlan> read_plans(const std::string& file);

}  // namespace msfusion
