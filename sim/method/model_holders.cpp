#include "sim/method/model_holders.hpp"

namespace msfusion {

void ModelHolders::observe(const RoundPlan& plan, const TimedRound& timed) {
  if (is_reduced(plan, timed)) {
    has_all_ = false;
    holders_.clear();
    for (const TrainTask& task : plan.tasks) holders_.insert(task.device);
    return;
  }
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if (transfer && transfer->cargo == Cargo::model && timed.steps[s].fate == Fate::done) holders_.insert(transfer->to);
  }
}

}  // namespace msfusion
