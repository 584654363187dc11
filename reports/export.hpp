// Every table of a store as CSV files.
#pragma once

#include <string>

namespace msfusion {

/// Writes each table of FOLDER/run.sqlite to OUT_DIR/TABLE.csv, the page's comparison to comparison.csv, summary.json,
/// and README.md with every column and unit. Throws UserError for a folder that cannot be read, RunError for one that
/// cannot be written.
void export_csv(const std::string& folder, const std::string& out_dir);

/// Writes `text` to a temporary name beside `file`, then renames. Throws RunError.
void write_file(const std::string& file, const std::string& text);

}  // namespace msfusion
