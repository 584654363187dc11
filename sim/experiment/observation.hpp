// A timed and trained round as the rows that are recorded of it: pure arithmetic on what really happened.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/learn/learner.hpp"
#include "sim/method/planner.hpp"
#include "sim/plan/run_limits.hpp"
#include "sim/plan/timed_round.hpp"
#include "sim/platform/platform_options.hpp"
#include "sim/record/records.hpp"

namespace msfusion {

/// What arrived in a round: every transfer of trained values that was done and not lost in a sum, carried ones of
/// earlier plans included (`plan_of` gives the plan of a round that still had steps in flight), every part of a sum
/// that arrived, and every task of an all-reduce that came to its end.
template <class PlanOf>
std::vector<Delivery> deliveries(const RoundPlan& plan, const TimedRound& timed, PlanOf plan_of);

/// Uploads of trainings that go on from round to round, and that were lost on their way.
template <class PlanOf>
std::vector<TaskId> lost_uploads(const RoundPlan& plan, const TimedRound& timed, PlanOf plan_of);

struct ObservationInputs {
  int run = 0;
  const Shape& shape;
  const Fleet& fleet;
  const PriceOptions& prices;
};

/// Those of the participants (by node) that state no power, so that joules are unknown: the first names, and how many
/// more; empty: all state it.
std::string without_power(const Fleet& fleet, const std::vector<bool>& participants);

/// What a round used, as its row says.
RunBudget::Spent spent_in(const TimedRound& timed, const std::vector<bool>& participants);

/// Fills in what the round cost: the nodes that have a part in the method, and the links that it used.
void charge_round(const ObservationInputs& inputs, const TimedRound& timed, const std::vector<bool>& participants,
                  RoundRecord& round);

/// The rows of one round, without evaluation and wall-clock figures.
RoundResult observe_round(const ObservationInputs& inputs, const RoundPlan& plan, const TimedRound& timed,
                          const std::vector<TaskOutcome>& outcomes, const Planner& planner);

template <class PlanOf>
std::vector<Delivery> deliveries(const RoundPlan& plan, const TimedRound& timed, PlanOf plan_of) {
  std::vector<Delivery> arrived;
  const auto add = [&](const Step& step, Fate fate) {
    const auto* transfer = std::get_if<Transfer>(&step.what);
    if (transfer && transfer->cargo == Cargo::trained && fate == Fate::done)
      arrived.push_back({step.task, transfer->to});
  };
  for (const CarriedStep& carried : timed.carried)
    add(plan_of(carried.round).steps[static_cast<std::size_t>(carried.step)], carried.timed.fate);
  const std::set<StepId> lost = lost_in_sums(plan, timed);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (lost.count(static_cast<StepId>(s)) == 0) add(plan.steps[s], timed.steps[s].fate);
    for (StepId part : arrived_parts(plan, timed, static_cast<StepId>(s)))
      arrived.push_back({plan.steps[static_cast<std::size_t>(part)].task, std::get<Transfer>(plan.steps[s].what).to});
  }
  if (is_reduced(plan, timed))
    for (const TrainTask& task : plan.tasks) arrived.push_back({task.id, kEverybody});
  return arrived;
}

template <class PlanOf>
std::vector<TaskId> lost_uploads(const RoundPlan& plan, const TimedRound& timed, PlanOf plan_of) {
  std::vector<TaskId> lost;
  if (!plan.closing.keep_in_flight) return lost;
  const auto add = [&](const Step& step, Fate fate) {
    const auto* transfer = std::get_if<Transfer>(&step.what);
    if (transfer && transfer->cargo == Cargo::trained && fate == Fate::failed) lost.push_back(step.task);
  };
  for (const CarriedStep& carried : timed.carried)
    add(plan_of(carried.round).steps[static_cast<std::size_t>(carried.step)], carried.timed.fate);
  for (std::size_t s = 0; s < plan.steps.size(); ++s) add(plan.steps[s], timed.steps[s].fate);
  return lost;
}

}  // namespace msfusion
