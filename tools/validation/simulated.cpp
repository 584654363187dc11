#include "tools/validation/simulated.hpp"

#include <fmt/format.h>

#include <exception>
#include <fstream>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"
#include "sim/base/processes.hpp"
#include "sim/base/quantile.hpp"
#include "sim/deploy/plan_file.hpp"
#include "sim/experiment/observation.hpp"
#include "sim/experiment/preparation.hpp"
#include "sim/experiment/selection_records.hpp"
#include "sim/experiment/uncertainty_records.hpp"
#include "tools/commands/learner_plugin.hpp"
#include "tools/validation/node_config.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

std::string parameters_file(const std::string& folder, NodeId node) {
  return fmt::format("{}/simulated-{}.bin", folder, node);
}

double seconds_of(const TimedRound& timed) {
  return timed.end_seconds - timed.start_seconds;
}

/// The ends of the 90 % interval of what the round takes; null where the platform states no uncertainty.
json interval_of(Timing& timing, const RoundPlan& plan, const LayerShares& shares, std::uint64_t seed) {
  if (!timing.uncertainty().is_stated()) return nullptr;
  std::vector<double> seconds;
  for (const DrawnFleet& fleet : draw_fleets(timing.uncertainty(), shares, seed, 0, kFleetDraws)) {
    timing.redraw(fleet);
    seconds.push_back(seconds_of(timing.execute(plan)));
  }
  return {quantile(seconds, 0.05), quantile(seconds, 0.95)};
}

json to_json(const TimedRound& timed) {
  json steps = json::array();
  for (const TimedStep& step : timed.steps)
    steps.push_back({step.start_seconds - timed.start_seconds, step.end_seconds - timed.start_seconds});
  return {{"seconds", seconds_of(timed)}, {"steps", steps}};
}

SimulatedRound round_of(const json& entry) {
  SimulatedRound round{entry.at("seconds"), {}, {}};
  if (entry.contains("interval") && !entry.at("interval").is_null())
    round.interval = std::pair<double, double>(entry.at("interval").at(0), entry.at("interval").at(1));
  for (const json& step : entry.at("steps")) round.steps.push_back({step.at(0), step.at(1)});
  return round;
}

void write_json(const std::string& file, const json& content) {
  std::ofstream out(file);
  out << content.dump() << '\n';
  if (!out.flush()) throw RunError(file + " could not be written");
}

json read_json(const std::string& file) {
  std::ifstream in(file);
  return json::parse(in);
}

// Waits for a child process that does `work`.
void in_child(const std::string& scenario_file, const std::function<void()>& work) {
  const pid_t child = start_process([&] {
    try {
      work();
      return 0;
    } catch (const std::exception& error) {
      std::cerr << "msfusion-validate: " << error.what() << '\n';
      return 1;
    }
  });
  if (!wait_for(child).succeeded()) throw RunError("the simulation of " + scenario_file + " failed");
}

void carry_out(const std::string& scenario_file, const std::string& folder) {
  const Preparation preparation = prepare(scenario_file, {}, false);
  const RunInputs inputs(preparation, runs_of(preparation).front());
  const Scenario& scenario = preparation.scenario;
  Timing timing(timing_options(scenario, inputs.run.seed));
  Planner planner(inputs.planner_setup(timing.fleet()));
  const std::unique_ptr<Learner> learner = load_learner(
      LearnerSetup{inputs.shape, preparation.data, inputs.parts, inputs.training, scenario.evaluation, scenario.data,
                   *inputs.run.method, inputs.run.seed, 2, nullptr, nullptr, preparation.initial.get()});
  planner.set_teller([&](const Question& question) { return asked(*learner, inputs, question); });
  std::vector<RoundPlan> plans;
  json rounds = json::array();
  for (int round = 0; round < inputs.training.rounds; ++round) {
    RoundPlan plan = planner.plan(round);
    const TimedRound timed = timing.execute(plan);
    learner->start(plan, trained_tasks(plan, timed));
    double loss = 0;
    const auto outcomes = learner->merge(plan, deliveries(plan, timed, [&](int) -> const RoundPlan& { return plan; }));
    for (const TaskOutcome& outcome : outcomes) loss += outcome.mean_loss / static_cast<double>(outcomes.size());
    planner.note_told(told_after(*inputs.run.method, outcomes));
    planner.observe(plan, timed, loss);
    rounds.push_back(to_json(timed));
    plans.push_back(std::move(plan));
  }
  write_plans(folder + "/plans.json", plans);

  const Fleet& fleet = timing.fleet();
  const int nodes = fleet.nodes();
  json delays = json::array();
  for (NodeId from = 0; from < nodes; ++from) {
    json row = json::array();
    for (NodeId to = 0; to < nodes; ++to) row.push_back(from == to ? 0.0 : timing.route(from, to).latency_seconds);
    delays.push_back(row);
  }
  for (NodeId node = 0; node < nodes; ++node) {
    WidthSlice slice = full_slice(inputs.shape);
    const RoundPlan& last = plans.back();
    for (std::size_t i = 0; i < last.next_slices.size(); ++i)
      if (last.tasks[i].device == node) slice = last.next_slices[i];
    write_floats(parameters_file(folder, node), learner->parameters(node, slice));
  }
  write_json(folder + "/simulated.json", {{"rounds", rounds}, {"delays", delays}, {"nodes", nodes}});
}

}  // namespace

Simulated simulate(const std::string& scenario_file, const std::string& folder) {
  in_child(scenario_file, [&] { carry_out(scenario_file, folder); });

  Simulated result;
  result.plans = read_plans(folder + "/plans.json");
  const json root = read_json(folder + "/simulated.json");
  for (const json& round : root.at("rounds")) result.rounds.push_back(round_of(round));
  result.delay_seconds = root.at("delays").get<std::vector<std::vector<double>>>();
  const int nodes = root.at("nodes");
  for (NodeId node = 0; node < nodes; ++node) result.parameters.push_back(read_floats(parameters_file(folder, node)));
  return result;
}

SimulatedRound time_again(const std::string& scenario_file, const RoundPlan& plan, const std::string& folder) {
  const std::string file = folder + "/timed.json";
  in_child(scenario_file, [&] {
    const Preparation preparation = prepare(scenario_file, {}, false);
    const RunInputs inputs(preparation, runs_of(preparation).front());
    const std::uint64_t seed = inputs.run.seed;
    Timing timing(timing_options(preparation.scenario, seed));
    json round = to_json(timing.execute(plan));
    round["interval"] = interval_of(timing, plan, layer_shares(inputs.shape), seed);
    write_json(file, round);
  });
  return round_of(read_json(file));
}

}  // namespace msfusion
