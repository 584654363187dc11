// The page's tables beside the comparison: fleet and fairness.
#pragma once

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

/// One row per kind of device: how many, how fast, how much memory and data.
Table fleet_table(const Results& results);

/// One row per device of the first method of the store.
Table device_table(const Results& results, std::size_t store);

/// Accuracy of the devices' sub-models at the end of the runs: mean, worst and best tenth.
Table fairness_table(const Results& results);

/// What the runs cost each device: computing time, traffic and energy of the tenths with least and most.
Table device_cost_table(const Results& results);

}  // namespace msfusion
