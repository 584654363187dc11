#include "sim/plan/timed_round.hpp"

namespace msfusion {

std::vector<StepId> arrived_parts(const RoundPlan& plan, const TimedRound& timed, StepId sum) {
  const auto is_done = [&](StepId step) { return timed.steps[static_cast<std::size_t>(step)].fate == Fate::done; };
  const Step& step = plan.steps[static_cast<std::size_t>(sum)];
  const auto* transfer = std::get_if<Transfer>(&step.what);
  std::vector<StepId> parts;
  if (!transfer || transfer->cargo != Cargo::sum || !is_done(sum)) return parts;
  for (StepId part : step.after)
    if (is_done(part)) parts.push_back(part);
  return parts;
}

}  // namespace msfusion
