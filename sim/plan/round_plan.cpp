#include "sim/plan/round_plan.hpp"

#include <cassert>

namespace msfusion {

const TrainTask& task_of(const RoundPlan& plan, TaskId id) {
  // Ids are consecutive within a plan.
  assert(!plan.tasks.empty() && id >= plan.tasks.front().id && id <= plan.tasks.back().id);
  return plan.tasks[static_cast<std::size_t>(id - plan.tasks.front().id)];
}

}  // namespace msfusion
