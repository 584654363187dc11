// The report: one self-contained HTML page for one or many result folders.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

struct ReportOptions {
  std::string baseline;     ///< a label or method that costs are compared with; empty: fedavg, otherwise the first
  int refresh_seconds = 0;  ///< the page reloads itself this often, while a run goes on; 0: never
};

/// The page's text. Needs no network; names from the store are shown, never run. Throws UserError as open_results does.
std::string html_report(const std::vector<std::string>& run_folders, const ReportOptions& options = {});

}  // namespace msfusion
