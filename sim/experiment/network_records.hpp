// A platform's links and how they hang together, as the rows that are recorded of them.
#pragma once

#include <vector>

#include "sim/record/records.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

struct NetworkRecords {
  std::vector<LinkRecord> links;
  std::vector<JointRecord> joints;
};

/// Every link; whose it is and what meets what only in fleets of up to 1000 devices, whose routes are quickly asked
/// for.
NetworkRecords network_records(int run, const Timing& timing);

}  // namespace msfusion
