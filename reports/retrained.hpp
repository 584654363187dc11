// A scenario trained on several of the fleets drawn from the platform's uncertainty (`msfusion run --redraw-training`):
// what that means for the methods, in one row each.
#pragma once

#include <string>
#include <vector>

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

/// Whether the stores are one scenario on the platform's own figures and on several drawn fleets, and differ in
/// nothing else.
bool is_retrained(const Results& results);

/// Which method was first on how many of the fleets, after the answer on the platform's own figures. Of such results.
std::string retrained_answer(const Results& results);

/// A table for each target that some run reached, and one of accuracies. Of such results.
std::vector<Table> retrained_tables(const Results& results);

}  // namespace msfusion
