// Which method reached which accuracy at what cost, as tables.
#pragma once

#include <string>
#include <vector>

#include "reports/results.hpp"
#include "reports/table.hpp"

namespace msfusion {

enum class TableFormat { terminal, markdown, latex, csv };

/// One table per target accuracy, then the whole runs; CSV is one long table in base units.
std::string comparison(const std::vector<std::string>& run_folders, TableFormat format,
                       const std::string& baseline = "");

Table target_table(const Results& results, double target);
Table whole_run_table(const Results& results);
std::string comparison_csv(const Results& results);

}  // namespace msfusion
