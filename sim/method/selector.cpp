#include "sim/method/selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/plan/split_rules.hpp"

namespace msfusion {

namespace {

const Route& route_of(const PlannerSetup& setup, const Device& device, const std::optional<Route>& route) {
  if (!route)
    refuse(setup,
           fmt::format("selection=\"{}\" asks how long device {} takes, but it has no way to the server",
                       name_of(kSelections, setup.method.selection.kind), device.name),
           "a route in the platform file");
  return *route;
}

RoundEstimate estimate(const PlannerSetup& setup, TaskCosts& costs, const Rates& rates, NodeId device) {
  const Device& host = setup.fleet.node(device);
  const WidthSlice slice = rates.slices_at(device, rates.largest_of(device)).front();
  RoundEstimate seconds;
  seconds.down = route_of(setup, host, host.from_server).seconds(costs.down(slice).bytes);
  seconds.computing =
      costs.training_seconds(slice, costs.largest_training_of(device), host) + costs.coding_seconds(slice, device);
  seconds.up = route_of(setup, host, host.to_server).seconds(costs.up(slice).bytes);
  return seconds;
}

}  // namespace

Selector::Selector(const PlannerSetup& setup, TaskCosts& costs, const Rates& rates, const Admission& admission)
    : setup_(setup) {
  const std::map<NodeId, RoundEstimate> estimates = [&] {
    std::map<NodeId, RoundEstimate> all;
    if (facts_of(setup.method.selection.kind).asks_the_platform)
      for (const NodeId device : admission.members()) all[device] = estimate(setup, costs, rates, device);
    return all;
  }();
  selection_ = selection_maker(setup.method.selection.kind)(
      {setup, admission.members(), [estimates](NodeId device) { return estimates.at(device); }});
}

Draw Selector::draw(int round, const std::vector<NodeId>& eligible, std::size_t wanted, std::uint64_t seed,
                    const std::function<WidthSlice(NodeId)>& slice_of) {
  const auto tell = [&](const std::vector<NodeId>& devices) {
    if (!teller_)
      throw RunError(fmt::format("selection=\"{}\" draws by what devices have learnt, and nothing is trained here",
                                 name_of(kSelections, setup_.method.selection.kind)));
    Question question{told_of(setup_.method.selection), round, devices, {}};
    for (const NodeId device : devices) question.slices.push_back(slice_of(device));
    return teller_(question);
  };
  Draw draw = selection_->draw({round, eligible, wanted, seed, tell});
  std::sort(draw.notes.begin(), draw.notes.end(),
            [](const SelectionNote& a, const SelectionNote& b) { return a.device < b.device; });
  notes_ = draw.notes;
  return draw;
}

void Selector::observe(const RoundPlan& plan, const TimedRound& timed) {
  std::map<TaskId, SelectionOutcome> outcomes;
  for (const TrainTask& task : plan.tasks) outcomes[task.id] = {task.device, Fate::done, 0, {}};
  const auto rank = [](Fate fate) { return fate == Fate::failed ? 2 : fate == Fate::done ? 0 : 1; };
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto outcome = outcomes.find(plan.steps[s].task);
    if (outcome == outcomes.end()) continue;
    const TimedStep& step = timed.steps[s];
    // What waited for a step that was late is late as well; after one that failed the failure tells more.
    const Fate fate = step.fate == Fate::skipped ? Fate::late : step.fate;
    if (rank(fate) > rank(outcome->second.fate)) outcome->second.fate = fate;
    const double end = std::isfinite(step.end_seconds) ? step.end_seconds : timed.end_seconds;
    outcome->second.seconds = std::max(outcome->second.seconds, end - timed.start_seconds);
  }
  std::vector<SelectionOutcome> all;
  for (auto& [id, outcome] : outcomes) {
    for (const auto& [device, value] : told_)
      if (device == outcome.device && std::isfinite(value)) outcome.told = value;
    all.push_back(outcome);
  }
  selection_->observe(plan.round, all);
  told_.clear();
}

}  // namespace msfusion
