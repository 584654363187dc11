// What differential privacy guaranteed, and what it did to the updates.
#pragma once

#include <string>

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

/// A row per method under differential privacy; no rows where none is.
Table privacy_table(const Results& results);

/// What secure aggregation cost: a row per method; no rows where none is used.
Table secure_table(const Results& results);

/// " After its rounds, fedavg tells an observer of all models at most epsilon 4.6 (delta 1e-5) about a user."; empty
/// where nothing has noise.
std::string privacy_in_words(const Results& results);

}  // namespace msfusion
