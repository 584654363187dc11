// Model down, training, update up.
#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

void add_steps(PlanDraft& draft) {
  const NodeId server = draft.setup.fleet.server_node();
  const bool votes = facts_of(draft.setup.method.encoding.kind).votes;
  for (const TrainTask& task : draft.plan.tasks) {
    // Where devices vote, the decision has as many bits as a vote.
    const bool knows_rest = votes && draft.last_models.has(task, draft.plan.round);
    const MessageSize size = knows_rest ? draft.costs.up(task.slice) : draft.costs.down(task.slice);
    const StepId down = draft.transfer(task, server, task.device, size, Cargo::model, {});
    const StepId training = draft.train(task, {down});
    draft.transfer(task, task.device, server, draft.costs.up(task.slice), Cargo::trained, {training});
  }
}

}  // namespace

extern const Exchange server{add_steps};

}  // namespace msfusion::exchanges
