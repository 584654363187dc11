#include "sim/timing/flight.hpp"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <limits>

#include "sim/base/error.hpp"
#include "sim/base/overloaded.hpp"

namespace msfusion {

Flight::Flight(const RoundPlan& plan)
    : round(plan.round),
      steps(plan.steps.size()),
      first_successor(plan.steps.size() + 1, 0),
      open_steps_of_task(plan.tasks.size(), 0),
      open_steps(static_cast<int>(plan.steps.size())) {
  std::unordered_map<TaskId, int> place_of_task;
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) place_of_task.emplace(plan.tasks[i].id, static_cast<int>(i));

  std::size_t conditions = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Step& step = plan.steps[i];
    FlyingStep& flying = steps[i];
    flying.flight = this;
    flying.id = static_cast<StepId>(i);
    flying.timed.start_seconds = flying.timed.end_seconds = std::numeric_limits<double>::quiet_NaN();
    std::visit(Overloaded{[&](const Compute& compute) {
                            flying.node = flying.to = compute.node;
                            flying.amount = compute.flops;
                          },
                          [&](const Transfer& transfer) {
                            assert(transfer.from != transfer.to);
                            flying.is_transfer = true;
                            flying.node = transfer.from;
                            flying.to = transfer.to;
                            flying.amount = transfer.bytes;
                          }},
               step.what);
    if (!std::isfinite(flying.amount) || flying.amount < 0) {
      throw RunError(fmt::format("step {} of round {} is {} {}", i, round, flying.amount,
                                 flying.is_transfer ? "bytes long" : "FLOPs of work"));
    }
    if (const auto task = place_of_task.find(step.task); task != place_of_task.end()) {
      flying.task = task->second;
      ++open_steps_of_task[static_cast<std::size_t>(flying.task)];
    }
    flying.open_conditions = static_cast<int>(step.after.size());
    flying.makes_do = step.makes_do;
    conditions += step.after.size();
    for (const StepId earlier : step.after) {
      assert(earlier >= 0 && earlier < static_cast<StepId>(i));
      ++first_successor[static_cast<std::size_t>(earlier) + 1];
    }
  }
  for (std::size_t i = 1; i < first_successor.size(); ++i) first_successor[i] += first_successor[i - 1];
  successors.resize(conditions);
  std::vector<int> next(first_successor.begin(), first_successor.end());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (const StepId earlier : plan.steps[i].after) {
      successors[static_cast<std::size_t>(next[static_cast<std::size_t>(earlier)]++)] = static_cast<StepId>(i);
    }
  }
}

}  // namespace msfusion
