// Which nodes of a fleet send to each other in a scenario's methods.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/method/method.hpp"
#include "sim/plan/fleet.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

/// Over all methods and seeds. What the planner refuses (no server, a graph that cannot be made) sends nothing here.
Senders senders_of(const std::vector<Method>& methods, const std::vector<std::uint64_t>& seeds, const Fleet& fleet);

}  // namespace msfusion
