// Training, then an all-reduce of what was trained; every device computes the same merge. One that breaks loses the
// round: everybody goes back to the model that it began with.
#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

void add_steps(PlanDraft& draft) {
  std::vector<std::vector<StepId>> after = add_catching_up(draft), ready;
  const std::vector<TrainTask> tasks = draft.plan.tasks;
  if (tasks.empty()) return;
  for (std::size_t i = 0; i < tasks.size(); ++i) ready.push_back({draft.train(tasks[i], after[i])});
  add_all_reduce(draft, static_cast<std::int64_t>(draft.costs.up(tasks.front().slice).plain_bytes / kFloatBytes),
                 ready);
}

void check(const PlannerSetup& setup, TaskCosts&) {
  if (setup.constraints.close == ConstraintOptions::Close::quorum)
    refuse(setup, "close=\"quorum\" with an all-reduce: it is there for all or for nobody",
           "close=\"all\" or \"deadline\"");
}

}  // namespace

extern const Exchange all{add_steps, check};

}  // namespace msfusion::exchanges
