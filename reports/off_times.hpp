// When nodes were switched off, from the state profiles in a store.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/record/store.hpp"

namespace msfusion {

/// A node's state profile: its events by number.
using StateEvents = std::vector<StateEventRecord>;

std::map<NodeId, StateEvents> state_profiles(const StoreReader& store, int run);

/// Every time from `from` to `to`, in seconds, at which the node is off, cut to them; none if there are more than
/// `most`.
std::optional<std::vector<std::pair<double, double>>> off_times(const StateEvents& events, double from, double to,
                                                                std::size_t most);

}  // namespace msfusion
