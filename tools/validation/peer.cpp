// One real node of a round plan: `msfusion-peer CONFIG NODE RESULT`. Trains its sub-model, sends and receives real
// tensors over TCP. Prints "ready" once all connections are open, carries out one round per line that it reads, answers
// with what it saw as a line of JSON, and writes its last parameters to RESULT at the end of its input.
#include <iostream>
#include <nlohmann/json.hpp>

#include "sim/base/error.hpp"
#include "sim/deploy/core_turn.hpp"
#include "sim/deploy/node_executor.hpp"
#include "sim/deploy/plan_file.hpp"
#include "sim/experiment/preparation.hpp"
#include "tools/commands/learner_plugin.hpp"
#include "tools/validation/node_config.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

json to_json(const RoundLog& log) {
  json steps = json::array();
  for (const StepLog& step : log.steps) {
    json entry = {{"step", step.step}, {"cpu_seconds", step.cpu_seconds}, {"payload_bytes", step.payload_bytes}};
    if (step.start_seconds) entry["start"] = *step.start_seconds;
    if (step.end_seconds) entry["end"] = *step.end_seconds;
    steps.push_back(std::move(entry));
  }
  return {{"steps", steps},
          {"merge_seconds", log.merge_seconds},
          {"late_seconds", log.late_seconds},
          {"end", log.end_seconds}};
}

void run_peer(const std::string& config_file, NodeId node, const std::string& result_file) {
  const PeerConfig config = read_peer_config(config_file);
  const std::vector<RoundPlan> plans = read_plans(config.plans_file);
  const Preparation preparation = prepare(config.scenario_file, {}, false);
  const RunInputs inputs(preparation, runs_of(preparation).front());
  const Scenario& scenario = preparation.scenario;
  const std::unique_ptr<Participant> participant = load_participant(
      LearnerSetup{inputs.shape, preparation.data, inputs.parts, inputs.training, scenario.evaluation, scenario.data,
                   *inputs.run.method, inputs.run.seed, 1, nullptr, nullptr, preparation.initial.get()},
      node);
  for (const TrainTask& task : plans.front().tasks)
    if (task.device == node) participant->warm_up(plans.front(), task.id);

  NodeOptions options;
  options.node = node;
  options.cpu_share = config.nodes.at(static_cast<std::size_t>(node)).cpu_share;
  options.core_file = config.nodes[static_cast<std::size_t>(node)].core_file;
  options.delay_seconds = config.nodes[static_cast<std::size_t>(node)].delay_seconds;
  std::vector<Address> addresses;
  for (const NodeConfig& other : config.nodes) addresses.push_back(other.address);
  NodeExecutor executor(options, addresses, plans, *participant);
  std::cout << "ready" << std::endl;
  std::size_t round = 0;
  for (std::string line; round < plans.size() && std::getline(std::cin, line); ++round)
    std::cout << to_json(executor.execute(plans[round])).dump() << std::endl;

  if (round > 0) write_floats(result_file, participant->parameters(plans[round - 1]));
}

}  // namespace

}  // namespace msfusion

int main(int argc, char** argv) {
  try {
    if (argc != 4) {
      std::cerr << "usage: msfusion-peer CONFIG NODE RESULT\n";
      return 2;
    }
    msfusion::run_peer(argv[1], std::stoi(argv[2]), argv[3]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "msfusion-peer: " << error.what() << '\n';
    return 1;
  }
}
