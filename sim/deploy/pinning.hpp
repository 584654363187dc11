// Assigns the nodes of a real network to cores.
#pragma once

#include <optional>
#include <vector>

namespace msfusion {

/// The core of every node, as an index below `cores`: larger shares of a core first, each to the core with the most
/// left. Nothing if a core would have to give more than it has.
std::optional<std::vector<std::size_t>> place_on_cores(const std::vector<double>& shares, std::size_t cores);

/// Whether nodes that begin to train at once can do so one after the other on their cores, and each be done when a core
/// of its share would be. By node: its core, how long it trains on its share (0: it does not), and the share.
bool turns_fit(const std::vector<std::size_t>& cores, const std::vector<double>& seconds,
               const std::vector<double>& shares);

/// The cores that this process may use, by their numbers.
std::vector<int> allowed_cores();

/// Keeps the calling process, and the processes and threads that it starts from now on, on that core. Throws
/// std::system_error.
void pin_to_core(int core);

}  // namespace msfusion
