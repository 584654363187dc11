#include "sim/deploy/plan_file.hpp"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "sim/base/choice.hpp"
#include "sim/base/error.hpp"
#include "sim/base/spelling.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

json to_json(const WidthSlice& slice) {
  json axes = json::array();
  for (const IndexSet& set : slice.axes) {
    if (set.is_window())
      axes.push_back({set.start(), set.length(), set.size()});
    else
      axes.push_back({{"units", set.units()}, {"size", set.size()}});
  }
  return axes;
}

WidthSlice slice_from(const json& axes) {
  WidthSlice slice;
  for (const json& axis : axes)
    slice.axes.push_back(axis.is_array() ? IndexSet::window(axis.at(0), axis.at(1), axis.at(2))
                                         : IndexSet::subset(axis.at("units"), axis.at("size")));
  return slice;
}

json to_json(const TrainTask& task) {
  return {{"id", task.id},
          {"device", task.device},
          {"split", task.split},
          {"slice", to_json(task.slice)},
          {"samples", task.samples},
          {"optimiser_steps", task.optimiser_steps},
          {"parameters", task.parameters},
          {"forward_macs", task.forward_macs},
          {"training_flops", task.training_flops},
          {"server_flops", task.server_flops},
          {"peak_memory_bytes", task.peak_memory_bytes}};
}

TrainTask task_from(const json& node) {
  TrainTask task;
  task.id = node.at("id");
  task.device = node.at("device");
  task.split = node.at("split");
  task.slice = slice_from(node.at("slice"));
  task.samples = node.at("samples");
  task.optimiser_steps = node.at("optimiser_steps");
  task.parameters = node.at("parameters");
  task.forward_macs = node.at("forward_macs");
  task.training_flops = node.at("training_flops");
  task.server_flops = node.at("server_flops");
  task.peak_memory_bytes = node.at("peak_memory_bytes");
  return task;
}

constexpr std::array<Choice<Cargo>, 7> kCargos = {{{Cargo::model, "model", "the values to start from"},
                                                   {Cargo::trained, "trained", "what a device trained"},
                                                   {Cargo::stale, "stale", "what nobody trained this round"},
                                                   {Cargo::partial, "partial", "on its way to an aggregator"},
                                                   {Cargo::sum, "sum", "of partials"},
                                                   {Cargo::other, "other", "activations, logits, labels"},
                                                   {Cargo::reduced, "reduced", "a part of an all-reduce"}}};

json to_json(const Step& step) {
  json node = {{"task", step.task}, {"after", step.after}};
  if (const auto* compute = std::get_if<Compute>(&step.what)) {
    node["node"] = compute->node;
    node["flops"] = compute->flops;
  } else {
    const auto& transfer = std::get<Transfer>(step.what);
    node["from"] = transfer.from;
    node["to"] = transfer.to;
    node["bytes"] = transfer.bytes;
    node["cargo"] = name_of(kCargos, transfer.cargo);
  }
  return node;
}

Step step_from(const json& node, const std::string& file) {
  Step step;
  step.task = node.at("task");
  step.after = node.at("after").get<std::vector<StepId>>();
  if (node.contains("node")) {
    step.what = Compute{node.at("node"), node.at("flops")};
    return step;
  }
  const std::string name = node.at("cargo");
  const auto cargo = value_of(kCargos, name);
  if (!cargo) throw RunError(fmt::format("{}: cargo \"{}\"; allowed: {}", file, name, one_of(name, names_of(kCargos))));
  step.what = Transfer{node.at("from"), node.at("to"), node.at("bytes"), *cargo};
  return step;
}

}  // namespace

void write_plans(const std::string& file, const std::vector<RoundPlan>& plans) {
  json rounds = json::array();
  for (const RoundPlan& plan : plans) {
    if (plan.closing.kind != Closing::Kind::all) throw std::logic_error("only plans that wait for all are written");
    json tasks = json::array(), steps = json::array(), next = json::array();
    for (const TrainTask& task : plan.tasks) tasks.push_back(to_json(task));
    for (const Step& step : plan.steps) {
      if (step.starts_when_any_done)
        throw std::logic_error("only plans whose steps wait for all before them are written");
      steps.push_back(to_json(step));
    }
    for (const WidthSlice& slice : plan.next_slices) next.push_back(to_json(slice));
    rounds.push_back({{"round", plan.round},
                      {"tasks", tasks},
                      {"steps", steps},
                      {"next_slices", next},
                      {"private_cohort", plan.private_cohort}});
  }
  std::ofstream out(file, std::ios::binary);
  out << json{{"rounds", rounds}}.dump() << '\n';
  if (!out.flush()) throw RunError(file + " could not be written");
}

std::vector<RoundPlan> read_plans(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw RunError(file + " could not be read");
  std::vector<RoundPlan> plans;
  try {
    const json root = json::parse(in);
    for (const json& round : root.at("rounds")) {
      RoundPlan plan;
      plan.round = round.at("round");
      plan.private_cohort = round.at("private_cohort");
      for (const json& task : round.at("tasks")) plan.tasks.push_back(task_from(task));
      for (const json& step : round.at("steps")) plan.steps.push_back(step_from(step, file));
      for (const json& slice : round.at("next_slices")) plan.next_slices.push_back(slice_from(slice));
      plans.push_back(std::move(plan));
    }
  } catch (const json::exception& error) {
    throw RunError(file + " holds no round plans: " + error.what());
  }
  return plans;
}

}  // namespace msfusion
