// A sweep: a scenario run for every combination of values, each in a folder of its own, and compared.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>

#include "reports/comparison.hpp"
#include "reports/export.hpp"
#include "reports/html_report.hpp"
#include "sim/base/error.hpp"
#include "tools/commands.hpp"
#include "tools/run_records.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

// Training does not depend on these: combinations that differ in nothing else can share it.
bool is_cost(const std::string& path) {
  return path.rfind("platform.", 0) == 0 || path.rfind("prices.", 0) == 0;
}

std::string fit_for_a_name(std::string text) {
  for (char& c : text)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '-' && c != '=' && c != ',') c = '_';
  return text;
}

// "batch=16,split=0.25": the last word of each path, which is what a reader looks for.
std::string name_of(const std::vector<Override>& combination) {
  std::string name;
  for (const Override& value : combination)
    name += fmt::format("{}{}={}", name.empty() ? "" : ",", value.path.substr(value.path.rfind('.') + 1), value.value);
  return fit_for_a_name(name);
}

// As the scenario's own name, so that the comparison tells the combinations apart.
std::string run_name(const std::vector<Override>& combination) {
  std::string name = name_of(combination).substr(0, 100);
  std::replace(name.begin(), name.end(), '=', '-');
  std::replace(name.begin(), name.end(), ',', '_');
  return name;
}

std::string key_of_training(const std::vector<Override>& combination) {
  std::string key;
  for (const Override& value : combination)
    if (!is_cost(value.path)) key += value.path + "=" + value.value + "\n";
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

int run_sweep(const RunCommand& command, const Sweep& sweep, const std::string& scenario_name) {
  const fs::path folder = command.out.empty() ? fs::path("results") / scenario_name : fs::path(command.out);
  const auto combinations = product(sweep.axes);
  std::vector<RunCommand> commands;
  std::set<std::string> names;
  for (const std::vector<Override>& combination : combinations) {
    RunCommand one = command;
    one.overrides = sweep.fixed;
    one.overrides.insert(one.overrides.end(), combination.begin(), combination.end());
    one.out = (folder / name_of(combination)).string();
    one.in_sweep = true;
    if (!names.insert(one.out).second)
      throw UserError(Mistake{command.scenario, 0, fmt::format("two combinations of the sweep called {}", one.out),
                              "values that differ in letters or digits"});
    prepare(one.scenario, one.overrides,
            true);  // a mistake in the last combination must not cost the first ones' hours
    one.overrides.push_back({"name", run_name(combination)});
    commands.push_back(std::move(one));
  }
  std::map<std::string, std::string> trained;  // results folder by what was trained
  std::vector<std::string> folders;
  int worst = 0;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const RunCommand& one = commands[i];
    fmt::print("\n[{}/{}] {}\n", i + 1, commands.size(), name_of(combinations[i]));
    std::fflush(stdout);
    folders.push_back(one.out);
    const std::string key = key_of_training(combinations[i]);
    const auto same = trained.find(key);
    if (same != trained.end()) {
      try {
        std::vector<Override> costs;
        for (const Override& value : combinations[i])
          if (is_cost(value.path)) costs.push_back(value);
        RecostCommand recost{same->second, "", one.out, one.jobs, costs, one.command_line};
        recost.in_sweep = true;
        recost.overrides.push_back({"name", run_name(combinations[i])});
        worst = std::max(worst, recost_run(recost));
        continue;
      } catch (const UserError& error) {
        fmt::print("trained anew: {}\n", error.mistakes().front().found);
      }
    }
    const int code = run_scenario(one);
    if (code > 2) return code;  // interrupted: what was done is kept
    worst = std::max(worst, code);
    if (code == 0) trained.emplace(key, one.out);
  }
  write_file((folder / "report.html").string(), html_report(folders));
  fmt::print("\n{}\nreport: {}\n", comparison(folders, TableFormat::terminal), (folder / "report.html").string());
  return worst;
}

}  // namespace msfusion
