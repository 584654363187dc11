// Model down, training, update up.
#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

void add_steps(PlanDraft& draft) {
  const NodeId server = draft.setup.fleet.server_node();
  for (const TrainTask& task : draft.plan.tasks) {
    const double bytes = draft.costs.model_bytes(task);
    const StepId down = draft.transfer(task, server, task.device, bytes, Cargo::model, {});
    const StepId training = draft.train(task, {down});
    draft.transfer(task, task.device, server, bytes, Cargo::trained, {training});
  }
}

}  // namespace

extern const Exchange server{add_steps};

}  // namespace msfusion::exchanges
