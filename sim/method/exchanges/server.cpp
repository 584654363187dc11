// Model down, training, update up.
#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

void add_steps(PlanDraft& draft) {
  const NodeId server = draft.setup.fleet.server_node();
  for (const TrainTask& task : draft.plan.tasks) {
    const StepId down = draft.transfer(task, server, task.device, draft.costs.down(task.slice), Cargo::model, {});
    const StepId training = draft.train(task, {down});
    draft.transfer(task, task.device, server, draft.costs.up(task.slice), Cargo::trained, {training});
  }
}

}  // namespace

extern const Exchange server{add_steps};

}  // namespace msfusion::exchanges
