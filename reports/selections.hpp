// Who was asked how often where cohorts are drawn, and how evenly the model serves the devices.
#pragma once

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

/// A row per method that draws cohorts, mean over its runs; no rows where none does.
Table selection_table(const Results& results);

}  // namespace msfusion
