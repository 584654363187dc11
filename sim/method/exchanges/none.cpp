// Everybody trains alone.
#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

void add_steps(PlanDraft& draft) {
  for (const TrainTask& task : draft.plan.tasks) draft.train(task, {});
}

}  // namespace

extern const Exchange none{add_steps};

}  // namespace msfusion::exchanges
