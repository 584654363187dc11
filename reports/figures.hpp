// Every chart of the report as an SVG file, drawn by the page's own code in Node.js, without a browser.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

struct Figures {
  std::vector<std::string> files;     ///< names of those that were written
  std::vector<std::string> failures;  ///< "NAME: why" of those that could not be drawn
};

/// Writes OUT_DIR/CHART.svg. One chart that cannot be drawn leaves the others alone. Throws UserError as open_results
/// does, RunError where node is not installed or a folder cannot be made.
Figures figures(const std::vector<std::string>& run_folders, const std::string& out_dir);

}  // namespace msfusion
