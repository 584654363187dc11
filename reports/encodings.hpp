// What encoded messages saved, and what they lost.
#pragma once

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

/// A row per method and direction, over its runs; no rows where no method encodes messages.
Table encoding_table(const Results& results);

}  // namespace msfusion
