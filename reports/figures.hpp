// Every chart of the report as an SVG file, drawn by the page's own code in Node.js, without a browser.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

/// Writes OUT_DIR/CHART.svg and returns the files' names. Throws UserError as open_results does, RunError where node is
/// not installed or the folder cannot be written.
std::vector<std::string> figures(const std::vector<std::string>& run_folders, const std::string& out_dir);

}  // namespace msfusion
