// How well each device is served: its own model on its own part of the test split.
#pragma once

#include <string>

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

/// A row per method: accuracies after the last evaluation, and what it cost until their mean over devices first reached
/// each of the scenario's personal targets; no rows where no run was tested so.
Table personal_table(const Results& results);

/// " On each device's own data ditto reaches 84 %, .."; empty where all devices have the global model, or parts of it.
std::string personal_in_words(const Results& results);

}  // namespace msfusion
