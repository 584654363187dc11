// How the fleet hangs together and what became of it, for the page's drawings: platform, peer graph, links, batteries,
// and the devices' presence over time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/off_times.hpp"
#include "reports/page_json.hpp"
#include "sim/record/store.hpp"

namespace msfusion {

/// What a platform's devices and shared links meet: [[device or -1, link, next link], ...].
Json joints_json(const std::vector<JointRecord>& joints);

/// The peer graph: null where there is none, its edges, or only that it is complete.
Json peers_json(const std::vector<PeerRecord>& peers, std::size_t devices);

/// What the links carried in all runs of a method, as bytes of one run and as share of their capacity; the most used of
/// them, and how many there are.
Json links_json(const StoreReader& store, const std::vector<int>& runs);

/// Share that each battery still holds after each round; null where no device has one.
Json batteries_json(const StoreReader& store, int run, const std::vector<DeviceRecord>& devices,
                    const std::vector<RoundRecord>& rounds);

/// When which of the nodes that ever were off were switched on and off, and how many those are. Nodes that were
/// switched too often to be drawn are counted and not shown.
Json switches_json(const std::map<NodeId, StateEvents>& profiles, double end_seconds);

}  // namespace msfusion
