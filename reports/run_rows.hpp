// The rows that the tables of the answer come from, as a file that the page carries.
#pragma once

#include <string>

#include "reports/results.hpp"

namespace msfusion {

/// CSV: what each run had spent when it first reached each target, and at its end (no target). Unknown figures are
/// empty; so are all of a target that the run did not reach.
std::string run_rows_csv(const Results& results);

/// A link that saves `csv` as a file; it needs no JavaScript.
std::string link_to_rows(const std::string& file, const std::string& words, const std::string& csv);

}  // namespace msfusion
