// `msfusion report`: one page of one or many results folders, once or for as long as their runs go on.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "reports/export.hpp"
#include "reports/figures.hpp"
#include "reports/html_report.hpp"
#include "sim/base/error.hpp"
#include "sim/record/store.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/results_folder.hpp"

namespace msfusion {

namespace {

bool is_going_on(const std::string& folder) {
  const auto runs = StoreReader(folder + "/run.sqlite").runs();
  return std::any_of(runs.begin(), runs.end(),
                     [](const RunRecord& run) { return run.state == "waiting" || run.state == "running"; });
}

}  // namespace

int report_runs(const ReportCommand& command) {
  const std::vector<std::string> folders = with_combinations(command.folders);
  if (!command.figures.empty()) {
    const Figures drawn = figures(folders, command.figures);
    for (const std::string& file : drawn.files) fmt::print("{}\n", file);
    if (drawn.failures.empty()) return 0;
    throw RunError(fmt::format("{} of {} figures could not be drawn:\n  {}", drawn.failures.size(),
                               drawn.failures.size() + drawn.files.size(), fmt::join(drawn.failures, "\n  ")));
  }
  ReportOptions options;
  options.baseline = command.baseline;
  while (command.watch_seconds > 0 && std::any_of(folders.begin(), folders.end(), is_going_on)) {
    options.refresh_seconds = command.watch_seconds;
    write_file(command.out, html_report(folders, options));
    std::this_thread::sleep_for(std::chrono::seconds(command.watch_seconds));
  }
  options.refresh_seconds = 0;
  write_file(command.out, html_report(folders, options));
  fmt::print("{}\n", command.out);
  return 0;
}

}  // namespace msfusion
