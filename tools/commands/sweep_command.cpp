// A sweep: a scenario run for every combination of values, each in a folder of its own, side by side as cores
// allow, and compared.
#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "reports/comparison.hpp"
#include "reports/export.hpp"
#include "reports/html_report.hpp"
#include "sim/base/error.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/learner_plugin.hpp"
#include "tools/commands/output.hpp"
#include "tools/commands/run_records.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostCombinations = 10'000;

constexpr std::size_t kLongestName = 200;  // of a folder, with ".log" behind it; most systems allow 255 bytes

// Training does not depend on these: combinations that differ in nothing else can share it. Where a limit of time,
// traffic or energy ends the runs, the platform decides how many rounds are trained.
bool is_cost(const std::string& path, const RunLimits& until) {
  const bool ends_by_platform = until.seconds || until.bytes || until.joules;
  return (path.rfind("platform.", 0) == 0 && !ends_by_platform) || path.rfind("prices.", 0) == 0;
}

std::string fit_for_a_name(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '=' && c != ',') c = '_';
  return text;
}

// "batch=16,split=0.25": the last word of each path, which is what a reader looks for. Long names end in a checksum.
std::string name_of(const std::vector<Override>& combination) {
  std::string name;
  for (const Override& value : combination)
    name += fmt::format("{}{}={}", name.empty() ? "" : ",", value.path.substr(value.path.rfind('.') + 1), value.value);
  name = fit_for_a_name(name);
  if (name.size() <= kLongestName) return name;
  const auto sum = crc32_z(0, reinterpret_cast<const unsigned char*>(name.data()), name.size());
  return name.substr(0, kLongestName) + fmt::format("-{:08x}", sum);
}

// As the scenario's own name, so that the comparison tells the combinations apart.
std::string run_name(const std::vector<Override>& combination) {
  std::string name = name_of(combination).substr(0, 100);
  std::replace(name.begin(), name.end(), '=', '-');
  std::replace(name.begin(), name.end(), ',', '_');
  return name;
}

std::string key_of_training(const std::vector<Override>& combination, const RunLimits& until) {
  std::string key;
  for (const Override& value : combination)
    if (!is_cost(value.path, until)) key += value.path + "=" + value.value + "\n";
  return key;
}

std::vector<std::vector<Override>> product(const std::vector<SweepAxis>& axes) {
  std::vector<std::vector<Override>> combinations(1);
  for (const SweepAxis& axis : axes) {
    std::vector<std::vector<Override>> longer;
    for (const std::vector<Override>& combination : combinations)
      for (const std::string& value : axis.values) {
        longer.push_back(combination);
        longer.back().push_back({axis.path, value});
      }
    combinations = std::move(longer);
  }
  return combinations;
}

}  // namespace

Sweep split_sweep(const std::vector<Override>& overrides, const std::vector<SweepAxis>& of_scenario) {
  Sweep sweep;
  std::map<std::string, int> times;
  for (const Override& change : overrides) ++times[change.path];
  sweep.axes = of_scenario;
  const auto axis_of = [&](const std::string& path) {
    return std::find_if(sweep.axes.begin(), sweep.axes.end(), [&](const SweepAxis& axis) { return axis.path == path; });
  };
  // What the command line says about a path replaces what the file's sweep says about it.
  for (const auto& [path, count] : times)
    if (const auto axis = axis_of(path); axis != sweep.axes.end()) sweep.axes.erase(axis);
  for (const Override& change : overrides) {
    if (times[change.path] == 1) {
      sweep.fixed.push_back(change);
      continue;
    }
    auto axis = axis_of(change.path);
    if (axis == sweep.axes.end()) axis = sweep.axes.insert(axis, SweepAxis{change.path, {}, 0});
    axis->values.push_back(change.value);
  }
  return sweep;
}

namespace {

struct Combination {
  std::vector<Override> values;
  std::string name;  // of its folder
  RunLimits until;
};

std::vector<Combination> combinations_of(const Sweep& sweep, const std::string& scenario) {
  std::size_t count = 1;
  for (const SweepAxis& axis : sweep.axes) {
    count *= axis.values.size();  // cannot overflow: each axis is a list that was read, and the product stops here
    if (count > kMostCombinations)
      throw UserError(Mistake{scenario, axis.line, "a sweep that multiplies without end",
                              fmt::format("at most {} combinations", kMostCombinations)});
  }
  std::vector<Combination> combinations;
  std::set<std::string> names;
  for (const std::vector<Override>& values : product(sweep.axes)) {
    combinations.push_back({values, name_of(values), {}});
    if (!names.insert(combinations.back().name).second)
      throw UserError(Mistake{scenario, 0, fmt::format("two combinations of the sweep called {}", name_of(values)),
                              "values that differ in letters or digits"});
    std::vector<Override> all = sweep.fixed;
    all.insert(all.end(), values.begin(), values.end());
    // A mistake in the last combination must not cost the first ones' hours.
    combinations.back().until = prepare(scenario, all, true).scenario.training.until;
  }
  return combinations;
}

// The overrides of one combination, with its name as the scenario's, so that a comparison tells them apart.
std::vector<Override> overrides_of(const Sweep& sweep, const Combination& combination) {
  std::vector<Override> all = sweep.fixed;
  all.insert(all.end(), combination.values.begin(), combination.values.end());
  all.push_back({"name", run_name(combination.values)});
  return all;
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

// Combinations that train the same: the first one trains, the others are costed anew from it.
int run_group(const RunCommand& command, const Sweep& sweep, const std::vector<const Combination*>& group,
              const fs::path& folder, const CoreShare& share) {
  std::string trained;
  int worst = 0;
  for (const Combination* combination : group) {
    RunCommand one = command;
    one.overrides = overrides_of(sweep, *combination);
    one.out = (folder / combination->name).string();
    one.in_sweep = true;
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
      recost.in_sweep = true;
      recost.resume = command.resume;
      recost.share = share;
      recost.overrides.push_back({"name", run_name(combination->values)});
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
  const std::vector<Combination> combinations = combinations_of(sweep, command.scenario);
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
                    [&](const CoreShare& share) { return run_group(command, sweep, group, folder, share); }});
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
  const std::vector<Combination> combinations = combinations_of(sweep, command.scenario);
  fs::create_directories(folder);
  std::vector<SideJob> jobs;
  for (const Combination& combination : combinations)
    jobs.push_back({combination.name, (folder / (combination.name + ".log")).string(), [&](const CoreShare& share) {
                      PlanCommand one = command;
                      one.overrides = overrides_of(sweep, combination);
                      one.out = (folder / combination.name).string();
                      one.in_sweep = true;
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
