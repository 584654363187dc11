// Every run with the settings that vary, for the chart that groups runs by them.
#pragma once

#include <vector>

#include "reports/page_json.hpp"
#include "reports/results.hpp"
#include "reports/settings.hpp"

namespace msfusion {

/// {settings: [{path, values, of_store}], labels, runs: [..]}; null where no attribute of the scenarios varies.
Json groups_json(const Results& results, const std::vector<Setting>& settings);

}  // namespace msfusion
