// As with a server that waits for all, but a round ends after `buffer` arrivals and the other trainings go on. Devices
// that have delivered before that start again at once (Planner::restart).
#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

extern const Exchange server;

namespace {

void add_steps(PlanDraft& draft) {
  server.add_steps(draft);
  draft.plan.closing = Closing{};
  draft.plan.closing.kind = Closing::Kind::arrivals;
  draft.plan.closing.arrivals = draft.setup.method.exchange.buffer;
  draft.plan.closing.keep_in_flight = true;
}

}  // namespace

extern const Exchange asynchronous{add_steps};

}  // namespace msfusion::exchanges
