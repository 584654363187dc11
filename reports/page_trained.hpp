// Which units of the model were trained when, and whose slices overlap, for the page.
#pragma once

#include <vector>

#include "reports/page_json.hpp"

namespace msfusion {

using DeviceRounds = std::vector<DeviceRoundRecord>;

struct CoverageJson {
  Json axes;       ///< a heat map of each: how many devices trained its units, by round
  Json staleness;  ///< after each round: rounds since a unit was last trained, mean over all units of all axes
};

CoverageJson coverage_json(const std::vector<AxisCoverageRecord>& coverage);

/// In the first, middle and last round: the share of each device's units that each other device trained too. Empty
/// where a slice is not made of windows.
Json overlap_json(const DeviceRounds& records);

}  // namespace msfusion
