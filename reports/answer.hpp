// The comparison in words: who reached the highest target first, where the runs support that.
#pragma once

#include <string>
#include <vector>

#include "reports/results.hpp"

namespace msfusion {

/// A few sentences on the highest target that every seed of some method reached, otherwise on the highest accuracy.
///
/// Names a winner only where the figures support one: no method whose 95 % interval overlaps the fastest one's, and
/// none that missed the target in less simulated time than the fastest one needed. Says so where there is one seed
/// only, and where the runs are of unequal simulated length.
std::string answer(const Results& results);

/// Whether each run of the method finished a round. Without one a method has no length, and no target that it missed.
bool has_rounds(const Results& results, const MethodResults& method);

/// How long the method's runs are in simulated time: "9.75 min", or "8.6 to 9.1 s" where the seeds differ.
std::string simulated_length(const Results& results, const MethodResults& method);

/// "a, b and c"; "a; b, with a comma and c" where a name has a comma.
std::string in_a_row(const std::vector<std::string>& names, const char* last = "and");

/// "62.5 %"
std::string percent_text(double share);

}  // namespace msfusion
