// DS-FL: training, softmax predictions on the open set up; when all have come, their sharpened mean down, and
// distilling it.
#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

void add_steps(PlanDraft& draft) {
  const PlannerSetup& setup = draft.setup;
  const NodeId server = setup.fleet.server_node();
  const MergeChoice& merge = setup.method.merge;
  const double bytes = kFloatBytes * static_cast<double>(merge.open_samples) * setup.shape.classes;
  std::vector<StepId> uploads;
  for (const TrainTask& task : draft.plan.tasks) {
    const StepId training = draft.train(task, {});
    // Predicting the open set is one forward pass over it.
    const double predicting = 2.0 * static_cast<double>(merge.open_samples) *
                              static_cast<double>(draft.costs.cost_of(task.slice).forward_macs);
    const StepId predicted = draft.compute(task, task.device, predicting, {training});
    uploads.push_back(draft.transfer(task, task.device, server, bytes, Cargo::trained, {predicted}));
  }
  for (const TrainTask& task : draft.plan.tasks) {
    const StepId down = draft.transfer(task, server, task.device, bytes, Cargo::other, uploads);
    draft.plan.steps.back().starts_when_any_done = true;
    const double samples = static_cast<double>(merge.distill_steps) * setup.training.batch;
    draft.compute(task, task.device, 2.0 * samples * static_cast<double>(draft.costs.cost_of(task.slice).training_macs),
                  {down});
  }
}

}  // namespace

extern const Exchange logits{add_steps};

}  // namespace msfusion::exchanges
