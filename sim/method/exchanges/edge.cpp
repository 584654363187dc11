// Hierarchical FedAvg with one aggregation at the edge a round (Liu et al. 2020, kappa_2 = 1): the server sends the
// model to each aggregator once, and each aggregator sends the weighted sum of what its devices trained, which is as
// large as one model. A device that drops out is missing in the sum; an aggregator with no device left sends nothing.
// Whole models only, so that the sum is one number an element. Devices encode what they send; the sum of what the
// aggregator decodes is sent as floats.
#include <fmt/format.h>

#include <map>

#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

struct Edge {
  StepId down;
  MessageSize sum;
  std::vector<StepId> updates;
};

void add_steps(PlanDraft& draft) {
  const NodeId server = draft.setup.fleet.server_node();
  std::map<NodeId, Edge> edges;
  for (const TrainTask& task : draft.plan.tasks) {
    const NodeId aggregator = *draft.setup.fleet.node(task.device).aggregator;
    const MessageSize size = draft.costs.down(task.slice);
    const double plain = size.plain_bytes;
    const auto [at, is_new] = edges.emplace(aggregator, Edge{0, {plain, plain}, {}});
    Edge& edge = at->second;
    if (is_new) edge.down = draft.push({Transfer{server, aggregator, size.bytes, Cargo::model, plain}, kNoTask, {}});
    const StepId down = draft.transfer(task, aggregator, task.device, size, Cargo::model, {edge.down});
    const StepId training = draft.train(task, {down});
    edge.updates.push_back(
        draft.transfer(task, task.device, aggregator, draft.costs.up(task.slice), Cargo::partial, {training}));
  }
  for (const auto& [aggregator, edge] : edges) {
    Step sum{Transfer{aggregator, server, edge.sum.bytes, Cargo::sum, edge.sum.plain_bytes}, kNoTask, edge.updates};
    sum.starts_when_any_done = true;
    draft.push(std::move(sum));
  }
}

void check(const PlannerSetup& setup, TaskCosts&) {
  for (const Device& device : setup.fleet.devices)
    if (!device.aggregator)
      refuse(
          setup, fmt::format("exchange=\"edge\", but device {} states no aggregator", device.name),
          "a property aggregator=\"HOST\" of the device, and role=\"aggregator\" of that host, in the platform file");
  if (setup.constraints.close == ConstraintOptions::Close::quorum)
    refuse(setup, "close=\"quorum\" with exchange=\"edge\": the server hears of sums, not of devices",
           "close=\"all\" or \"deadline\"");
}

}  // namespace

extern const Exchange edge{add_steps, check};

}  // namespace msfusion::exchanges
