// Who sends what to whom: the steps that each exchange adds to a plan's tasks.
#include <algorithm>
#include <cassert>
#include <map>

#include "sim/method/planner.hpp"

namespace msfusion {

namespace {

StepId push(RoundPlan& plan, Step step) {
  plan.steps.push_back(std::move(step));
  return static_cast<StepId>(plan.steps.size()) - 1;
}

StepId compute(RoundPlan& plan, const TrainTask& task, NodeId node, double flops, std::vector<StepId> after) {
  return push(plan, {Compute{node, flops}, task.id, std::move(after)});
}

StepId transfer(RoundPlan& plan, const TrainTask& task, NodeId from, NodeId to, double bytes, Cargo cargo,
                std::vector<StepId> after) {
  return push(plan, {Transfer{from, to, bytes, cargo}, task.id, std::move(after)});
}

}  // namespace

double Planner::model_bytes(const TrainTask& task) {
  // SCAFFOLD's variates travel with the parameters.
  const double factor = setup_.method.merge.kind == MergeKind::variates ? 2 : 1;
  return factor * kFloatBytes * static_cast<double>(cost_of(task.slice).parameters);
}

// Model down, training, update up.
void Planner::add_server_steps(RoundPlan& plan) {
  const NodeId server = setup_.fleet.server_node();
  for (const TrainTask& task : plan.tasks) {
    const double bytes = model_bytes(task);
    const StepId down = transfer(plan, task, server, task.device, bytes, Cargo::model, {});
    const StepId training = compute(plan, task, task.device, work_flops(task, task.device), {down});
    transfer(plan, task, task.device, server, bytes, Cargo::trained, {training});
  }
}

// Hierarchical FedAvg with one aggregation at the edge a round (Liu et al. 2020, kappa_2 = 1): the server sends the
// model to each aggregator once, and each aggregator sends the weighted sum of what its devices trained, which is as
// large as one model. A device that drops out is missing in the sum; an aggregator with no device left sends nothing.
// Whole models only, so that the sum is one number an element.
void Planner::add_edge_steps(RoundPlan& plan) {
  const NodeId server = setup_.fleet.server_node();
  struct Edge {
    StepId down;
    double bytes;
    std::vector<StepId> updates;
  };
  std::map<NodeId, Edge> edges;
  for (const TrainTask& task : plan.tasks) {
    const NodeId aggregator = *setup_.fleet.node(task.device).aggregator;
    const double bytes = model_bytes(task);
    const auto [at, is_new] = edges.emplace(aggregator, Edge{0, bytes, {}});
    Edge& edge = at->second;
    if (is_new) edge.down = push(plan, {Transfer{server, aggregator, bytes, Cargo::model}, kNoTask, {}});
    const StepId down = transfer(plan, task, aggregator, task.device, bytes, Cargo::model, {edge.down});
    const StepId training = compute(plan, task, task.device, work_flops(task, task.device), {down});
    edge.updates.push_back(transfer(plan, task, task.device, aggregator, bytes, Cargo::partial, {training}));
  }
  for (const auto& [aggregator, edge] : edges) {
    Step sum{Transfer{aggregator, server, edge.bytes, Cargo::sum}, kNoTask, edge.updates};
    sum.makes_do = true;
    push(plan, std::move(sum));
  }
}

// Training, then peer m sends peer n exactly W_m(t) ∩ W_n(t+1). What n needs, nobody trains in this round and somebody
// trained before comes from all that trained it last: each has its own value only, and the
// receiver takes their mean. With peers as negatives of the contrastive loss, neighbours send their
// whole sub-models.
void Planner::add_peer_steps(RoundPlan& plan) {
  const bool whole = setup_.method.objective.kind == ObjectiveKind::contrastive &&
                     setup_.method.objective.negatives != ObjectiveChoice::Negatives::previous;
  std::vector<StepId> training;
  for (const TrainTask& task : plan.tasks)
    training.push_back(compute(plan, task, task.device, work_flops(task, task.device), {}));
  const auto connected = [&](NodeId a, NodeId b) {
    const auto& neighbours = peers_->neighbours[static_cast<std::size_t>(a)];
    return std::binary_search(neighbours.begin(), neighbours.end(), b);
  };
  for (std::size_t from = 0; from < plan.tasks.size(); ++from) {
    const TrainTask& sender = plan.tasks[from];
    for (std::size_t to = 0; to < plan.tasks.size(); ++to) {
      const TrainTask& receiver = plan.tasks[to];
      if (from == to || !connected(sender.device, receiver.device)) continue;
      const std::int64_t elements = whole ? cost_of(sender.slice).parameters
                                          : shared_parameters(setup_.shape, sender.slice, plan.next_slices[to]);
      if (elements > 0)
        transfer(plan, sender, sender.device, receiver.device, kFloatBytes * static_cast<double>(elements),
                 Cargo::trained, {training[from]});
    }
  }
  if (setup_.method.exchange.graph != PeerGraph::complete)
    return;  // there an element that no neighbour trained keeps the value held
  std::vector<const WidthSlice*> trained;
  for (const TrainTask& task : plan.tasks) trained.push_back(&task.slice);
  const auto stale = coverage_.stale_parameters(plan.next_slices, trained);
  for (std::size_t to = 0; to < plan.tasks.size(); ++to) {
    for (const auto& [holder, elements] : stale[to]) {
      const auto sender = std::find_if(plan.tasks.begin(), plan.tasks.end(),
                                       [h = holder](const TrainTask& task) { return task.device == h; });
      if (sender == plan.tasks.end() || sender->device == plan.tasks[to].device) continue;
      transfer(plan, *sender, sender->device, plan.tasks[to].device, kFloatBytes * static_cast<double>(elements),
               Cargo::stale, {training[static_cast<std::size_t>(sender - plan.tasks.begin())]});
    }
  }
}

// Training, then the whole model to every neighbour.
void Planner::add_gossip_steps(RoundPlan& plan) {
  std::vector<bool> takes_part(static_cast<std::size_t>(setup_.fleet.size()), false);
  for (const TrainTask& task : plan.tasks) takes_part[static_cast<std::size_t>(task.device)] = true;
  for (const TrainTask& task : plan.tasks) {
    const StepId training = compute(plan, task, task.device, work_flops(task, task.device), {});
    const double bytes = kFloatBytes * static_cast<double>(cost_of(task.slice).parameters);
    for (NodeId neighbour : peers_->neighbours[static_cast<std::size_t>(task.device)])
      if (takes_part[static_cast<std::size_t>(neighbour)])
        transfer(plan, task, task.device, neighbour, bytes, Cargo::trained, {training});
  }
}

void Planner::add_local_steps(RoundPlan& plan) {
  for (const TrainTask& task : plan.tasks) compute(plan, task, task.device, work_flops(task, task.device), {});
}

// All raw data goes to one node before the first round; that node trains alone.
void Planner::add_central_steps(RoundPlan& plan) {
  NodeId node = setup_.fleet.server_node();
  if (!setup_.fleet.server) {
    const auto faster = [](const Device& a, const Device& b) { return a.speed_flops < b.speed_flops; };
    node = static_cast<NodeId>(std::max_element(setup_.fleet.devices.begin(), setup_.fleet.devices.end(), faster) -
                               setup_.fleet.devices.begin());
  }
  plan.tasks.push_back(task_for(node, 1, full_slice(setup_.shape)));
  const TrainTask& task = plan.tasks.front();
  std::vector<StepId> uploads;
  for (NodeId device = 0; plan.round == 0 && device < setup_.fleet.size(); ++device) {
    const double bytes = static_cast<double>(setup_.samples[static_cast<std::size_t>(device)]) * setup_.sample_bytes;
    if (device != node) uploads.push_back(transfer(plan, task, device, node, bytes, Cargo::other, {}));
  }
  compute(plan, task, node, work_flops(task, node), std::move(uploads));
}

// SplitFed: per batch, the device's layers forward, activations and labels up, the server's layers forth and back,
// gradients down, the device's layers back. Around the round the device's layers travel as in FedAvg. The model is cut
// behind `cut` parametrised layers.
void Planner::add_split_steps(RoundPlan& plan) {
  const NodeId server = setup_.fleet.server_node();
  const Device& server_host = setup_.fleet.node(server);
  for (const TrainTask& task : plan.tasks) {
    const SliceCost& whole = cost_of(task.slice);
    SliceCost client = whole, rest = whole;
    client.layers.clear();
    rest.layers.clear();
    int parametrised = 0, cut_layer = 0;
    for (const LayerCost& layer : whole.layers) {
      parametrised += layer.parameters > 0;
      (parametrised <= setup_.method.exchange.cut ? client : rest).layers.push_back(layer);
      if (parametrised <= setup_.method.exchange.cut) cut_layer = layer.layer;
    }
    client.parameters = rest.parameters = 0;
    for (const LayerCost& layer : client.layers) client.parameters += layer.parameters;
    for (const LayerCost& layer : rest.layers) rest.parameters += layer.parameters;
    const Extent& cut = setup_.shape.layers[static_cast<std::size_t>(cut_layer)].out;
    const double activations = static_cast<double>(sliced_size(cut.features, task.slice)) * cut.positions();

    const LocalTraining training = training_of(task.device);
    const Device& host = setup_.fleet.node(task.device);
    const double steps = static_cast<double>(training.optimiser_steps);
    const double batch = static_cast<double>(training.samples) / std::max(steps, 1.0);
    const double client_flops = compute_seconds(client, training, host) * host.speed_flops / std::max(steps, 1.0);
    const double server_flops =
        compute_seconds(rest, training, server_host) * server_host.speed_flops / std::max(steps, 1.0);
    const double model_bytes = kFloatBytes * static_cast<double>(client.parameters);

    StepId last = transfer(plan, task, server, task.device, model_bytes, Cargo::model, {});
    for (std::int64_t step = 0; step < training.optimiser_steps; ++step) {
      // Of a training step's work a third is the forward pass.
      last = compute(plan, task, task.device, client_flops / 3, {last});
      last = transfer(plan, task, task.device, server, batch * (kFloatBytes * activations + kFloatBytes), Cargo::other,
                      {last});
      last = compute(plan, task, server, server_flops, {last});
      last = transfer(plan, task, server, task.device, batch * kFloatBytes * activations, Cargo::other, {last});
      last = compute(plan, task, task.device, client_flops * 2 / 3, {last});
    }
    transfer(plan, task, task.device, server, model_bytes, Cargo::trained, {last});
  }
}

// DS-FL: training, softmax predictions on the open set up; when all have come, their sharpened mean down, and
// distilling it.
void Planner::add_logit_steps(RoundPlan& plan) {
  const NodeId server = setup_.fleet.server_node();
  const MergeChoice& merge = setup_.method.merge;
  const double bytes = kFloatBytes * static_cast<double>(merge.open_samples) * setup_.shape.classes;
  std::vector<StepId> uploads;
  for (const TrainTask& task : plan.tasks) {
    const StepId training = compute(plan, task, task.device, work_flops(task, task.device), {});
    // Predicting the open set is one forward pass over it.
    const double predicting =
        2.0 * static_cast<double>(merge.open_samples) * static_cast<double>(cost_of(task.slice).forward_macs);
    const StepId predicted = compute(plan, task, task.device, predicting, {training});
    uploads.push_back(transfer(plan, task, task.device, server, bytes, Cargo::trained, {predicted}));
  }
  for (const TrainTask& task : plan.tasks) {
    const StepId down = transfer(plan, task, server, task.device, bytes, Cargo::other, uploads);
    plan.steps.back().makes_do = true;
    const double samples = static_cast<double>(merge.distill_steps) * setup_.training.batch;
    compute(plan, task, task.device, 2.0 * samples * static_cast<double>(cost_of(task.slice).training_macs), {down});
  }
}

}  // namespace msfusion
