// `msfusion check`: says what a scenario would run, without running it.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/units.hpp"
#include "sim/experiment/observation.hpp"
#include "sim/experiment/preparation.hpp"
#include "sim/method/method.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/learner_plugin.hpp"

namespace msfusion {

namespace {

void print_method(const Preparation& preparation, const RunSpec& run) {
  const RunInputs inputs(preparation, run);
  Planner planner(inputs.planner_setup(preparation.fleet));
  const RoundPlan plan = planner.plan(0);
  double largest = 0, flops = 0, bytes = 0, low = 1, high = 0;
  for (const TrainTask& task : plan.tasks) {
    largest = std::max(largest, task.peak_memory_bytes);
    flops += task.training_flops;
    low = std::min(low, task.split);
    high = std::max(high, task.split);
  }
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) bytes += transfer->bytes;
  fmt::print("  {:<12} {}\n  {:<12} split {:.3g}{}, first round {:.3g} GFLOP and {} sent, peak memory {}\n",
             run.method->label, choices_text(*run.method), "", low, high > low ? fmt::format(" to {:.3g}", high) : "",
             flops / 1e9, human(bytes, Quantity::bytes), human(largest, Quantity::bytes));
  if (const std::string nodes = without_power(preparation.fleet, planner.participants(plan)); !nodes.empty())
    fmt::print("  {:<12} energy unknown: the platform states no power (wattage_per_state) of {}\n", "", nodes);
  if (run.method->rounds) fmt::print("  {:<12} {} rounds of its own\n", "", *run.method->rounds);
  for (const std::string& warning : planner.admission().warnings()) fmt::print("  {:<12} warning: {}\n", "", warning);
}

// Returns how many runs it would be.
std::size_t print_scenario(const std::string& scenario_file, const std::vector<Override>& overrides) {
  const Preparation preparation = prepare(scenario_file, overrides, true);
  const Scenario& scenario = preparation.scenario;
  require_device(scenario);
  const std::vector<RunSpec> runs = runs_of(preparation);
  const RunLimits& until = scenario.training.until;
  fmt::print("{}: {} devices, {} training and {} test samples, {}{} rounds{}, {} runs\n", scenario.name,
             preparation.fleet.size(), preparation.data.train_samples(), preparation.data.test_samples(),
             until.empty() ? "" : "at most ", scenario.training.rounds, until.empty() ? "" : " until " + text_of(until),
             runs.size());
  if (const std::string note = data_note(preparation); !note.empty()) fmt::print("  {}\n", note);
  if (preparation.fleet.server) fmt::print("  server       {}\n", preparation.fleet.server->name);
  for (const RunSpec& run : runs)
    if (run.seed == scenario.seeds.front()) print_method(preparation, run);
  return runs.size();
}

}  // namespace

int check_scenario(const std::string& scenario_file, const std::vector<Override>& overrides) {
  const Scenario scenario = read_scenario(scenario_file, split_sweep(overrides, {}).fixed);
  const Sweep sweep = split_sweep(overrides, scenario.sweep);
  if (sweep.axes.empty()) {
    print_scenario(scenario_file, overrides);
    return 0;
  }
  const std::vector<Combination> combinations = checked_combinations(sweep, scenario_file);
  std::size_t runs = 0;
  for (const Combination& combination : combinations) runs += print_scenario(scenario_file, combination.overrides);
  fmt::print("{}: {} combinations, {} runs\n", scenario.name, combinations.size(), runs);
  return 0;
}

}  // namespace msfusion
