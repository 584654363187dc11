// Draws in proportion to the samples that devices hold.
#pragma once

#include <vector>

#include "sim/method/planner_setup.hpp"

namespace msfusion {

/// As many of the devices, without replacement, in the order of the draws.
std::vector<NodeId> draw_by_size(const PlannerSetup& setup, const std::vector<NodeId>& devices, std::size_t count,
                                 std::uint64_t seed);

}  // namespace msfusion
