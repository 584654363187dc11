// `msfusion run`: carries out a scenario and leaves a results folder with its report.
#include <fmt/format.h>

#include <filesystem>
#include <sstream>

#include "reports/comparison.hpp"
#include "sim/base/error.hpp"
#include "tools/commands.hpp"
#include "tools/learner_plugin.hpp"
#include "tools/progress_view.hpp"
#include "tools/run_records.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

// Refuses to go on with other inputs than the ones that the folder's runs began with, and shows what differs.
void check_unchanged(const MetaMap& before, const MetaMap& now) {
  std::vector<Mistake> mistakes;
  for (const char* key : {"scenario_text", "platform_text", "libraries"}) {
    std::istringstream old_lines(before.count(key) ? before.at(key) : ""), new_lines(now.at(key));
    std::string old_line, new_line;
    for (int line = 1;; ++line) {
      const bool more_old = static_cast<bool>(std::getline(old_lines, old_line)),
                 more_new = static_cast<bool>(std::getline(new_lines, new_line));
      if (!more_old && !more_new) break;
      if (!more_old) old_line.clear();
      if (!more_new) new_line.clear();
      if (old_line == new_line) continue;
      const std::string file = std::string(key) == "scenario_text" ? now.at("scenario_file") : key;
      mistakes.push_back({file, line, fmt::format("now \"{}\", but the interrupted run had \"{}\"", new_line, old_line),
                          "the unchanged file with --resume, or the changed one without"});
    }
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
}

}  // namespace

int run_scenario(const RunCommand& command) {
  if (!command.in_sweep) {
    const Scenario scenario = read_scenario(command.scenario, split_sweep(command.overrides, {}).fixed);
    const Sweep sweep = split_sweep(command.overrides, scenario.sweep);
    if (!sweep.axes.empty()) return run_sweep(command, sweep, scenario.name);
  }
  const Preparation preparation = prepare(command.scenario, command.overrides, false);
  const ResultsFolder folder(
      command.out.empty() ? fs::path("results") / preparation.scenario.name : fs::path(command.out), command.resume);
  const std::string store_file = folder.file("run.sqlite");
  const MetaMap meta = meta_of(preparation, command.command_line);
  if (command.resume && fs::exists(store_file)) {
    check_unchanged(StoreReader(store_file).meta(), meta);
  } else {
    StoreWriter::create(store_file, meta, run_records(preparation));
  }

  ProgressView view(preparation);
  LaunchOptions options;
  options.store_file = store_file;
  options.checkpoint_folder = folder.file("checkpoints");
  options.checkpoint_every = command.checkpoint_every;
  options.participation_folder = folder.path().string();
  options.resume = command.resume;
  options.jobs = command.jobs;
  options.cores = command.share.budget;
  options.first_process = command.share.first_process;
  options.on_change = [&](const std::vector<RunReport>& reports, int changed) { view.update(reports, changed); };
  const LearnerFactory make_learner = load_learner;
  int signal_received = 0;
  const std::vector<RunReport> reports = launch(preparation, make_learner, options, signal_received);
  view.finish(reports);

  // However the runs ended, what they finished is reported.
  write_reports(folder);
  fmt::print("\n{}\nreport: {}\n", comparison({folder.path().string()}, TableFormat::terminal),
             folder.file("report.html"));
  if (signal_received != 0)
    fmt::print(stderr, "msfusion: interrupted; the finished rounds are in {}\n", folder.path().string());
  return exit_code(reports, signal_received);
}

}  // namespace msfusion
