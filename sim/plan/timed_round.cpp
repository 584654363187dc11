#include "sim/plan/timed_round.hpp"

#include <algorithm>
#include <map>
#include <set>

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

bool is_reduced(const RoundPlan& plan, const TimedRound& timed) {
  if (!plan.all_reduces) return false;
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if ((!transfer || transfer->cargo == Cargo::reduced) && timed.steps[s].fate != Fate::done) return false;
  }
  return true;
}

bool is_lost(const SecureSum& sum, const TimedRound& timed) {
  const auto is_done = [&](StepId step) { return timed.steps[static_cast<std::size_t>(step)].fate == Fate::done; };
  return !is_done(sum.unmasking) || std::count_if(sum.answers.begin(), sum.answers.end(), is_done) < sum.needed;
}

std::set<StepId> lost_in_sums(const RoundPlan& plan, const TimedRound& timed) {
  std::set<StepId> lost;
  for (const SecureSum& sum : plan.secure_sums)
    if (is_lost(sum, timed)) lost.insert(sum.masked.begin(), sum.masked.end());
  return lost;
}

std::vector<TaskId> trained_tasks(const RoundPlan& plan, const TimedRound& timed) {
  std::map<TaskId, bool> done;
  std::set<TaskId> sent;  // what a device computes after that is no part of the training: DS-FL distils then
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    if (transfer && transfer->cargo == Cargo::trained) sent.insert(plan.steps[s].task);
    const auto* compute = std::get_if<Compute>(&plan.steps[s].what);
    if (!compute || plan.steps[s].task == kNoTask || sent.count(plan.steps[s].task) > 0 ||
        compute->node != task_of(plan, plan.steps[s].task).device)
      continue;
    const Fate fate = timed.steps[s].fate;
    done[plan.steps[s].task] = fate == Fate::done || fate == Fate::in_flight;
  }
  std::vector<TaskId> tasks;
  for (const auto& [task, is_done] : done)
    if (is_done) tasks.push_back(task);
  return tasks;
}

}  // namespace msfusion
