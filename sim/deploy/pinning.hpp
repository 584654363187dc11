// Which core each node of a real network computes on.
#pragma once

#include <optional>
#include <vector>

namespace msfusion {

/// Places in the list of cores, one for every share of a core: each goes to the core that has the most left, larger
/// shares first. Nothing where a core would be asked for more than it has.
std::optional<std::vector<std::size_t>> place_on_cores(const std::vector<double>& shares, std::size_t cores);

/// The cores that this process may use, by their numbers.
std::vector<int> allowed_cores();

/// Keeps the calling process, and what it starts from now on, on that core. Throws std::system_error.
void pin_to_core(int core);

}  // namespace msfusion
