#include "sim/method/last_models.hpp"

namespace msfusion {

void LastModels::observe(const RoundPlan& plan, const TimedRound& timed) {
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if (!transfer || transfer->cargo != Cargo::model || timed.steps[s].fate != Fate::done) continue;
    held_[transfer->to] = {plan.round, task_of(plan, plan.steps[s].task).slice};
  }
}

bool LastModels::has(const TrainTask& task, int round) const {
  const auto held = held_.find(task.device);
  return held != held_.end() && held->second.round == round - 1 && held->second.slice == task.slice;
}

}  // namespace msfusion
