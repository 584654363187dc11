// A sweep: a scenario run for every combination of values, each in a folder of its own, side by side as cores
// allow, and compared.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <thread>

#include "reports/comparison.hpp"
#include "reports/export.hpp"
#include "reports/html_report.hpp"
#include "sim/base/error.hpp"
#include "sim/record/format.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/learner_plugin.hpp"
#include "tools/commands/output.hpp"
#include "tools/commands/run_records.hpp"
#include "tools/commands/sweep.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

// Training does not depend on these: combinations that differ in nothing else can share it. Where a limit of time,
// traffic or energy ends the runs, the platform decides how many rounds are trained.
bool is_cost(const std::string& path, const RunLimits& until) {
  const bool ends_by_platform = until.seconds || until.bytes || until.joules;
  return (path.rfind("platform.", 0) == 0 && !ends_by_platform) || path.rfind("prices.", 0) == 0;
}

std::string key_of_training(const std::vector<Override>& combination, const RunLimits& until) {
  std::string key;
  for (const Override& value : combination)
    if (!is_cost(value.path, until)) key += value.path + "=" + value.value + "\n";
  return key;
}

int cores_of(int jobs) {
  return jobs > 0 ? jobs : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

SideBySide side_by_side(int jobs, std::size_t combinations, std::size_t& done) {
  SideBySide options;
  options.cores = cores_of(jobs);
  options.processes_each = options.cores + 1;  // as a launcher has slots
  options.ended = [combinations, &done](const SideJob& job, int code) {
    say(fmt::format("[{}/{}] {}: {}\n", ++done, combinations, job.name,
                    code == 0 ? "done" : fmt::format("ended with {}; see {}", code, job.log)));
  };
  return options;
}

// What a combination's store says of the sweep.
MetaMap facts_of(const std::string& scenario, const Combination& combination) {
  std::string values;
  for (const Override& value : combination.values) values += value.path + "=" + value.value + "\n";
  return {{meta_key::sweep, scenario}, {meta_key::sweep_values, values}};
}

// Combinations that train the same: the first one trains, the others are costed anew from it.
int run_group(const RunCommand& command, const std::vector<const Combination*>& group, const std::string& scenario,
              const fs::path& folder, const CoreShare& share) {
  std::string trained;
  int worst = 0;
  for (const Combination* combination : group) {
    RunCommand one = command;
    one.overrides = combination->overrides;
    one.out = (folder / combination->name).string();
    one.of_sweep = facts_of(scenario, *combination);
    one.share = share;
    if (!trained.empty()) {
      std::vector<Override> costs;
      for (const Override& value : combination->values)
        if (is_cost(value.path, combination->until)) costs.push_back(value);
      RecostCommand recost;
      recost.run = trained;
      recost.out = one.out;
      recost.jobs = one.jobs;
      recost.overrides = costs;
      recost.command_line = one.command_line;
      recost.of_sweep = one.of_sweep;
      recost.resume = command.resume;
      recost.share = share;
      recost.overrides.push_back({"name", combination->run_name});
      try {
        worst = std::max(worst, recost_run(recost));
        continue;
      } catch (const UserError& error) {
        say(fmt::format("{}: trained anew: {}\n", combination->name, error.mistakes().front().found));
      }
    }
    const int code = run_scenario(one);
    if (code > 2) return code;
    worst = std::max(worst, code);
    if (code == 0 && trained.empty()) trained = one.out;
  }
  return worst;
}

int worst_of(const std::vector<int>& codes, int signal_received) {
  if (signal_received != 0) return 128 + signal_received;
  int worst = 0;
  for (int code : codes) worst = std::max(worst, code > 2 ? 1 : code);
  return worst;
}

}  // namespace

int run_sweep(const RunCommand& command, const Sweep& sweep, const std::string& scenario_name) {
  const fs::path folder = command.out.empty() ? fs::path("results") / scenario_name : fs::path(command.out);
  const std::vector<Combination> combinations = checked_combinations(sweep, command.scenario);
  fs::create_directories(folder);
  std::vector<std::string> keys;
  std::map<std::string, std::vector<const Combination*>> groups;
  for (const Combination& combination : combinations) {
    const std::string key = key_of_training(combination.values, combination.until);
    if (groups[key].empty()) keys.push_back(key);
    groups[key].push_back(&combination);
  }
  std::vector<SideJob> jobs;
  for (const std::string& key : keys) {
    const std::vector<const Combination*>& group = groups[key];
    std::string name = group.front()->name;
    if (group.size() > 1) name += fmt::format(" (and {} that train the same)", group.size() - 1);
    jobs.push_back({name, (folder / (group.front()->name + ".log")).string(),
                    [&](const CoreShare& share) { return run_group(command, group, scenario_name, folder, share); }});
  }
  say(fmt::format("{} combinations, {} trainings\n", combinations.size(), jobs.size()));
  preload_learner();
  int signal_received = 0;
  std::size_t done = 0;
  const std::vector<int> codes = run_side_by_side(jobs, side_by_side(command.jobs, jobs.size(), done), signal_received);
  std::vector<std::string> folders;
  for (const Combination& combination : combinations)
    if (fs::exists(folder / combination.name / "run.sqlite")) folders.push_back((folder / combination.name).string());
  if (!folders.empty()) {
    write_file((folder / "report.html").string(), html_report(folders));
    say(fmt::format("\n{}\nreport: {}\n", comparison(folders, TableFormat::terminal),
                    (folder / "report.html").string()));
  }
  return worst_of(codes, signal_received);
}

int plan_sweep(const PlanCommand& command, const Sweep& sweep, const std::string& scenario_name) {
  if (command.json)
    throw UserError(Mistake{"--json", 0, "a sweep", "one value each: --json prints one object of one scenario"});
  const fs::path folder = command.out.empty() ? fs::path("results") / (scenario_name + "-plan") : fs::path(command.out);
  const std::vector<Combination> combinations = checked_combinations(sweep, command.scenario);
  fs::create_directories(folder);
  std::vector<SideJob> jobs;
  for (const Combination& combination : combinations)
    jobs.push_back({combination.name, (folder / (combination.name + ".log")).string(), [&](const CoreShare& share) {
                      PlanCommand one = command;
                      one.overrides = combination.overrides;
                      one.out = (folder / combination.name).string();
                      one.of_sweep = facts_of(scenario_name, combination);
                      one.share = share;
                      return plan_scenario(one);
                    }});
  int signal_received = 0;
  std::size_t done = 0;
  SideBySide options = side_by_side(command.jobs, jobs.size(), done);
  std::map<std::string, std::string> summaries;
  const auto tell = options.ended;
  options.ended = [&](const SideJob& job, int code) {
    summaries[job.name] = file_text(job.log);
    tell(job, code);
  };
  const std::vector<int> codes = run_side_by_side(jobs, options, signal_received);
  for (const Combination& combination : combinations)
    if (summaries.count(combination.name)) fmt::print("\n== {}\n{}", combination.name, summaries[combination.name]);
  return worst_of(codes, signal_received);
}

}  // namespace msfusion
