#include "sim/method/flights.hpp"

#include <cassert>

namespace msfusion {

namespace {

std::size_t device_of(const RoundPlan& plan, StepId step) {
  return static_cast<std::size_t>(task_of(plan, plan.steps[static_cast<std::size_t>(step)].task).device);
}

}  // namespace

void Flights::observe(const RoundPlan& plan, const TimedRound& timed) {
  for (const CarriedStep& carried : timed.carried) {
    const auto flying = plans_.find(carried.round);
    assert(flying != plans_.end());
    --steps_of_[device_of(flying->second.plan, carried.step)];
    if (--flying->second.open_steps == 0) plans_.erase(flying);
  }
  int open_steps = 0;
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (timed.steps[s].fate != Fate::in_flight) continue;
    ++open_steps;
    ++steps_of_[device_of(plan, static_cast<StepId>(s))];
  }
  if (open_steps > 0) plans_[plan.round] = {plan, open_steps};
}

std::set<TaskId> Flights::tasks() const {
  std::set<TaskId> tasks;
  for (const auto& [round, flying] : plans_)
    for (const TrainTask& task : flying.plan.tasks) tasks.insert(task.id);
  return tasks;
}

}  // namespace msfusion
