#include "tests/timing/plans.hpp"

#include "tests/support/paths.hpp"

namespace msfusion {

PlanBuilder::PlanBuilder(int round, Closing closing) {
  plan.round = round;
  plan.closing = closing;
}

TaskId PlanBuilder::task(NodeId device) {
  TrainTask task;
  task.id = plan.round * 1000 + static_cast<TaskId>(plan.tasks.size());
  task.device = device;
  plan.tasks.push_back(task);
  return task.id;
}

StepId PlanBuilder::compute(NodeId node, double flops, std::vector<StepId> after, TaskId task) {
  plan.steps.push_back({Compute{node, flops}, task, std::move(after)});
  return static_cast<StepId>(plan.steps.size()) - 1;
}

StepId PlanBuilder::transfer(NodeId from, NodeId to, double bytes, std::vector<StepId> after, TaskId task) {
  plan.steps.push_back({Transfer{from, to, bytes, Cargo::model}, task, std::move(after)});
  return static_cast<StepId>(plan.steps.size()) - 1;
}

RoundPlan star_round(const std::vector<NodeId>& devices, NodeId server, double bytes, double flops, int round,
                     Closing closing) {
  PlanBuilder builder(round, closing);
  for (const NodeId device : devices) {
    const TaskId task = builder.task(device);
    const StepId down = builder.transfer(server, device, bytes, {}, task);
    const StepId training = builder.compute(device, flops, {down}, task);
    builder.transfer(device, server, bytes, {training}, task);
  }
  return builder.plan;
}

TimingOptions on_platform(const std::string& name) {
  TimingOptions options;
  options.platform_file = source_file("tests/timing/platforms/" + std::string(name));
  return options;
}

std::string fate_name(Fate fate) {
  switch (fate) {
    case Fate::done:
      return "done";
    case Fate::failed:
      return "failed";
    case Fate::late:
      return "late";
    case Fate::skipped:
      return "skipped";
    case Fate::in_flight:
      return "in_flight";
  }
  return "";
}

nlohmann::json to_json(const TimedRound& round) {
  nlohmann::json json = {{"start", round.start_seconds}, {"end", round.end_seconds}};
  json["steps"] = json["nodes"] = json["carried"] = nlohmann::json::array();
  json["links"] = nlohmann::json::object();
  for (const TimedStep& step : round.steps) {
    json["steps"].push_back({step.start_seconds, step.end_seconds, fate_name(step.fate)});
  }
  for (const NodeUse& node : round.nodes) {
    json["nodes"].push_back({node.busy_seconds, node.bytes_sent, node.bytes_received, node.joules});
  }
  json["spans"] = nlohmann::json::array();
  for (const NodeUse& node : round.nodes) {
    auto spans = nlohmann::json::array();
    for (const ActivitySpan& span : node.spans)
      spans.push_back({std::string(span.computes ? "c" : "") + (span.sends ? "s" : "") + (span.receives ? "r" : ""),
                       span.start_seconds, span.end_seconds});
    json["spans"].push_back(spans);
  }
  json["off"] = nlohmann::json::array();
  for (const NodeUse& node : round.nodes) json["off"].push_back(node.off_seconds);
  for (const LinkUse& link : round.links) json["links"][link.name] = {link.bytes, link.joules};
  for (const CarriedStep& step : round.carried) {
    json["carried"].push_back({step.round, step.step, step.timed.end_seconds, fate_name(step.timed.fate)});
  }
  return json;
}

}  // namespace msfusion
