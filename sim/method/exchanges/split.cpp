// SplitFed: per batch, the device's layers forward, activations and labels up, the server's layers forward and back,
// gradients down, the device's layers back. Around the round the device's layers travel as in FedAvg. The model is cut
// behind `cut` parametrised layers.
#include <fmt/format.h>

#include <algorithm>

#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

void add_task_steps(PlanDraft& draft, const TrainTask& task) {
  const PlannerSetup& setup = draft.setup;
  const NodeId server = setup.fleet.server_node();
  const Device& server_host = setup.fleet.node(server);
  const Device& host = setup.fleet.node(task.device);
  const CutCost& model = draft.costs.cut_cost_of(task.slice);
  const Extent& cut = setup.shape.layers[static_cast<std::size_t>(model.last_layer)].out;
  const double activations = static_cast<double>(sliced_size(cut.features, task.slice)) * cut.positions();

  const LocalTraining training = draft.costs.training_of(task.device);
  const double steps = static_cast<double>(training.optimiser_steps);
  const double batch = static_cast<double>(training.samples) / std::max(steps, 1.0);
  const double client_flops = compute_seconds(model.front, training, host) * host.speed_flops / std::max(steps, 1.0);
  const double server_flops =
      compute_seconds(model.rest, training, server_host) * server_host.speed_flops / std::max(steps, 1.0);
  const double model_bytes = kFloatBytes * static_cast<double>(model.front.trained_parameters());

  StepId last = draft.transfer(task, server, task.device, model_bytes, Cargo::model, {});
  for (std::int64_t step = 0; step < training.optimiser_steps; ++step) {
    // Of a training step's work a third is the forward pass.
    last = draft.compute(task, task.device, client_flops / 3, {last});
    last = draft.transfer(task, task.device, server, batch * (kFloatBytes * activations + kFloatBytes), Cargo::other,
                          {last});
    last = draft.compute(task, server, server_flops, {last});
    last = draft.transfer(task, server, task.device, batch * kFloatBytes * activations, Cargo::other, {last});
    last = draft.compute(task, task.device, client_flops * 2 / 3, {last});
  }
  draft.transfer(task, task.device, server, model_bytes, Cargo::trained, {last});
}

void add_steps(PlanDraft& draft) {
  for (const TrainTask& task : draft.plan.tasks) add_task_steps(draft, task);
}

void check(const PlannerSetup& setup, TaskCosts& costs) {
  const std::vector<LayerCost>& layers = costs.cost_of(full_slice(setup.shape)).layers;
  const auto parametrised_layers =
      std::count_if(layers.begin(), layers.end(), [](const LayerCost& layer) { return layer.parameters > 0; });
  if (setup.method.exchange.cut < parametrised_layers) return;
  refuse(setup,
         fmt::format("cut=\"{}\" leaves the server nothing of a model of {} parametrised layers",
                     setup.method.exchange.cut, parametrised_layers),
         fmt::format("1 to {}", parametrised_layers - 1));
}

}  // namespace

extern const Exchange split{add_steps, check};

}  // namespace msfusion::exchanges
