#include "sim/experiment/clocked_rounds.hpp"

#include <optional>

namespace msfusion {

RoundPlan ClockedRounds::next(int round) {
  RoundPlan plan = planner_.plan(round, [&](NodeId node) { return timing_.is_on(node); });
  if (!plan.tasks.empty() || !planner_.flights().empty() || plan.closing.kind == Closing::Kind::deadline) return plan;
  const std::optional<double> next = timing_.next_switch_seconds();
  if (!next) return plan;
  plan.closing = Closing{};
  plan.closing.kind = Closing::Kind::deadline;
  plan.closing.deadline_seconds = *next - timing_.now_seconds();
  return plan;
}

TimedRound ClockedRounds::execute(RoundPlan& plan) {
  return timing_.execute(plan, [&](const Arrival& arrival) {
    planner_.restart(
        plan, arrival, [&](NodeId node) { return timing_.is_on(node); },
        [&](NodeId device) { return timing_.is_busy(device); });
  });
}

}  // namespace msfusion
