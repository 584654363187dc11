#include "sim/method/public_copies.hpp"

namespace msfusion {

void PublicCopies::observe(const RoundPlan& plan, const TimedRound& timed,
                           const std::vector<std::vector<NodeId>>& neighbours) {
  for (const TaskId id : trained_tasks(plan, timed)) {
    const NodeId device = task_of(plan, id).device;
    for (const NodeId holder : neighbours[static_cast<std::size_t>(device)]) outdated_.insert({device, holder});
  }
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if (transfer && transfer->cargo == Cargo::trained && timed.steps[s].fate == Fate::done)
      outdated_.erase({transfer->from, transfer->to});
  }
}

}  // namespace msfusion
