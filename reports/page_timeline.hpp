// What each node did in a run's rounds, and which chain of steps each round waited for, for the page's timeline.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/page_json.hpp"
#include "sim/record/store.hpp"

namespace msfusion {

/// Whether something was left out.
struct TimelineThinning {
  bool rounds = false;  ///< some rounds
  bool spans = false;   ///< moments too short to be seen, or the critical path of a round of too many steps
};

/// As many evenly spaced rounds as fit into about `most_bytes`. `fates` gives what became of a device's training by
/// (round, device).
Json timeline(const StoreReader& store, int run, const std::vector<RoundRecord>& rounds,
              const std::map<std::pair<int, NodeId>, std::string>& fates, std::size_t most_bytes,
              TimelineThinning& thinned);

}  // namespace msfusion
