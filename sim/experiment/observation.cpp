#include "sim/experiment/observation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/base/overloaded.hpp"
#include "sim/plan/critical_path.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

namespace {

constexpr double kSecondsPerHour = 3600, kJoulesPerKwh = 3.6e6, kBytesPerGb = 1e9;

Maybe known(double value) {
  return std::isnan(value) ? Maybe{} : Maybe{value};
}

// A sum that is unknown as soon as one part is.
void add(Maybe& sum, const Maybe& part) {
  sum = sum && part ? Maybe{*sum + *part} : Maybe{};
}

const char* text_of(Fate fate) {
  switch (fate) {
    case Fate::done:
      return "done";
    case Fate::failed:
      return "failed";
    case Fate::late:
      return "late";
    case Fate::skipped:
      return "skipped";
    case Fate::in_flight:
      return "in flight";
  }
  return "?";
}

// The worst of a task's steps tells what became of it.
Fate worse(Fate a, Fate b) {
  const auto rank = [](Fate fate) {
    switch (fate) {
      case Fate::failed:
        return 4;
      case Fate::late:
        return 3;
      case Fate::in_flight:
        return 2;
      case Fate::skipped:
        return 1;
      case Fate::done:
        return 0;
    }
    return 0;
  };
  return rank(a) >= rank(b) ? a : b;
}

std::map<TaskId, Fate> task_fates(const RoundPlan& plan, const TimedRound& timed) {
  std::map<TaskId, Fate> fates;
  const auto add = [&](TaskId task, Fate fate) {
    const auto [known, is_new] = fates.emplace(task, fate);
    if (!is_new) known->second = worse(known->second, fate);
  };
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    add(plan.steps[s].task, timed.steps[s].fate);
    if (!transfer || transfer->cargo != Cargo::sum || timed.steps[s].fate == Fate::done) continue;
    // A sum that is lost takes its parts with it.
    for (StepId part : plan.steps[s].after) add(plan.steps[static_cast<std::size_t>(part)].task, timed.steps[s].fate);
  }
  return fates;
}

std::vector<AxisSlice> recorded_slice(const WidthSlice& slice) {
  std::vector<AxisSlice> axes;
  for (const IndexSet& set : slice.axes) axes.push_back({set.start(), set.length(), set.size(), set.is_window()});
  return axes;
}

// Price of owning the node for the round, of the bytes it sent and of the energy it used, where prices are stated;
// nothing if none is.
Maybe price(const ObservationInputs& inputs, const NodeUse& use, double round_seconds) {
  const Device& device = inputs.fleet.node(use.node);
  Maybe total;
  const auto charge = [&](double usd) { total = total.value_or(0) + usd; };
  if (device.price_usd_per_hour) charge(*device.price_usd_per_hour * round_seconds / kSecondsPerHour);
  const Maybe traffic = device.price_usd_per_gb ? device.price_usd_per_gb : inputs.prices.usd_per_gb;
  const bool by_wire = inputs.prices.counted == PriceOptions::Counted::wire;
  if (traffic) charge(*traffic * (by_wire ? use.wire_bytes_sent.value() : use.bytes_sent) / kBytesPerGb);
  if (use.charged.usd || inputs.prices.usd_per_kwh) {
    if (std::isnan(use.joules)) return std::nullopt;
    charge(use.charged.usd ? *use.charged.usd : *inputs.prices.usd_per_kwh * use.joules / kJoulesPerKwh);
  }
  return total;
}

// By the electricity of the device's region, or else of the scenario: over time, or a constant.
Maybe grams_co2(const std::optional<double>& of_region, const PriceOptions& prices, double joules,
                const Charged& charged) {
  if (!of_region && charged.grams_co2) return known(*charged.grams_co2);
  const std::optional<double> per_kwh = of_region ? of_region : prices.grams_co2_per_kwh;
  if (!per_kwh || std::isnan(joules)) return std::nullopt;
  return joules / kJoulesPerKwh * *per_kwh;
}

// When each node was at work in a round, from the steps of its plan that involve it.
struct NodeTimes {
  double start = INFINITY, end = -INFINITY;
  double compute_start = INFINITY, compute_end = -INFINITY;
};

std::map<NodeId, NodeTimes> node_times(const RoundPlan& plan, const TimedRound& timed) {
  std::map<NodeId, NodeTimes> times;
  const auto touch = [&](NodeId node, const TimedStep& step, double end) -> NodeTimes& {
    NodeTimes& mine = times[node];
    mine.start = std::min(mine.start, step.start_seconds);
    mine.end = std::max(mine.end, end);
    return mine;
  };
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    const TimedStep& step = timed.steps[s];
    if (std::isnan(step.start_seconds)) continue;
    const double end = std::isnan(step.end_seconds) ? timed.end_seconds : step.end_seconds;
    std::visit(Overloaded{
                   [&](const Compute& compute) {
                     NodeTimes& mine = touch(compute.node, step, end);
                     mine.compute_start = std::min(mine.compute_start, step.start_seconds);
                     mine.compute_end = std::max(mine.compute_end, end);
                   },
                   [&](const Transfer& transfer) {
                     touch(transfer.from, step, end);
                     touch(transfer.to, step, end);
                   },
               },
               plan.steps[s].what);
  }
  return times;
}

ActivityRecord activity_of(const ObservationInputs& inputs, const NodeUse& use, const TimedRound& timed) {
  ActivityRecord record;
  record.run = inputs.run;
  record.round = timed.round;
  record.device = use.node;
  record.off_seconds = use.off_seconds;
  record.idle_seconds = timed.end_seconds - timed.start_seconds - use.off_seconds;
  for (const ActivitySpan& span : use.spans) {
    const double seconds = span.end_seconds - span.start_seconds;
    (span.computes                 ? record.compute_seconds
     : span.sends && span.receives ? record.both_seconds
     : span.sends                  ? record.send_seconds
                                   : record.receive_seconds) += seconds;
    record.idle_seconds -= seconds;
    record.spans.push_back({span.start_seconds - timed.start_seconds, span.end_seconds - timed.start_seconds,
                            span.computes, span.sends, span.receives});
  }
  record.idle_seconds = std::max(0.0, record.idle_seconds);  // rounding
  return record;
}

std::vector<AxisCoverageRecord> axis_coverage(const ObservationInputs& inputs, const RoundPlan& plan,
                                              const TimedRound& timed) {
  std::vector<AxisCoverageRecord> records;
  const std::vector<TaskId> trained = trained_tasks(plan, timed);
  for (std::size_t axis = 0; axis < inputs.shape.axes.size(); ++axis) {
    AxisCoverageRecord record{inputs.run, plan.round, inputs.shape.axes[axis].name, {}};
    record.trained_by.resize(static_cast<std::size_t>(inputs.shape.axes[axis].units), 0);
    for (TaskId id : trained)
      for (int unit : task_of(plan, id).slice.axes[axis].units()) ++record.trained_by[static_cast<std::size_t>(unit)];
    records.push_back(std::move(record));
  }
  return records;
}

// Of the trainings that a device began in the round: one, or several of an asynchronous method.
DeviceRoundRecord device_record(const ObservationInputs& inputs, const std::vector<const TrainTask*>& tasks,
                                const NodeUse& use, const NodeTimes* times, const TimedRound& timed, Fate fate) {
  DeviceRoundRecord record;
  record.run = inputs.run;
  record.round = timed.round;
  const TrainTask& first = *tasks.front();
  record.device = first.device;
  record.split = first.split;
  record.slice = recorded_slice(first.slice);
  record.parameters = first.parameters;
  record.peak_memory_bytes = first.peak_memory_bytes;
  for (const TrainTask* task : tasks) {
    record.samples += task->samples;
    record.training_flops += task->training_flops;
  }
  record.bytes_sent = use.bytes_sent;
  record.wire_bytes_sent = use.wire_bytes_sent;
  record.bytes_received = use.bytes_received;
  record.busy_seconds = use.busy_seconds;
  const double round_seconds = timed.end_seconds - timed.start_seconds;
  record.idle_seconds = activity_of(inputs, use, timed).idle_seconds;
  if (times) {
    record.start_seconds = times->start;
    record.exchange_end_seconds = times->end;
    if (times->compute_end >= times->compute_start) {
      record.compute_start_seconds = times->compute_start;
      record.compute_end_seconds = times->compute_end;
    }
  }
  record.joules = known(use.joules);
  record.usd = price(inputs, use, round_seconds);
  record.grams_co2 = grams_co2(inputs.fleet.node(use.node).grams_co2_per_kwh, inputs.prices, use.joules, use.charged);
  record.fate = text_of(fate);
  return record;
}

// Of those of the tasks that were merged; none if none was.
Maybe mean_loss(const std::vector<const TrainTask*>& tasks, const std::map<TaskId, double>& losses) {
  double sum = 0;
  int count = 0;
  for (const TrainTask* task : tasks) {
    const auto loss = losses.find(task->id);
    if (loss == losses.end()) continue;
    sum += loss->second;
    ++count;
  }
  return count > 0 ? Maybe(sum / count) : Maybe{};
}

}  // namespace

std::string without_power(const Fleet& fleet, const std::vector<bool>& participants) {
  constexpr int kMostNames = 3;
  std::string names;
  int count = 0;
  for (NodeId node = 0; node < fleet.nodes(); ++node) {
    if (!participants[static_cast<std::size_t>(node)] || fleet.node(node).has_power) continue;
    if (++count <= kMostNames) names += (names.empty() ? "" : ", ") + fleet.node(node).name;
  }
  return count > kMostNames ? fmt::format("{} and {} more", names, count - kMostNames) : names;
}

RunBudget::Spent spent_in(const TimedRound& timed, const std::vector<bool>& participants) {
  RunBudget::Spent spent{timed.end_seconds, 0, 0};
  for (const NodeUse& use : timed.nodes) {
    spent.bytes += use.bytes_sent;
    if (participants[static_cast<std::size_t>(use.node)]) add(spent.joules, known(use.joules));
  }
  // A link without a stated power is on no bill; a host without one leaves the total unknown.
  for (const LinkUse& link : timed.links)
    if (!std::isnan(link.joules)) add(spent.joules, link.joules);
  return spent;
}

void charge_round(const ObservationInputs& inputs, const TimedRound& timed, const std::vector<bool>& participants,
                  RoundRecord& round) {
  const RunBudget::Spent spent = spent_in(timed, participants);
  round.bytes_sent = spent.bytes;
  round.joules = spent.joules;
  round.device_joules = 0.0;
  round.grams_co2 = 0.0;
  bool is_priced = false, lacks_energy = false, energy_has_price = inputs.prices.usd_per_kwh.has_value();
  double usd = 0;
  for (const NodeUse& use : timed.nodes) {
    round.bytes_received += use.bytes_received;
    if (use.wire_bytes_sent) round.wire_bytes_sent = round.wire_bytes_sent.value_or(0) + *use.wire_bytes_sent;
    if (!participants[static_cast<std::size_t>(use.node)]) continue;
    add(round.grams_co2,
        grams_co2(inputs.fleet.node(use.node).grams_co2_per_kwh, inputs.prices, use.joules, use.charged));
    lacks_energy = lacks_energy || std::isnan(use.joules);
    energy_has_price = energy_has_price || use.charged.usd.has_value();
    if (inputs.fleet.is_device(use.node)) add(round.device_joules, known(use.joules));
    if (const Maybe cost = price(inputs, use, timed.end_seconds - timed.start_seconds)) {
      is_priced = true;
      usd += *cost;
    }
  }
  for (const LinkUse& link : timed.links) {
    if (std::isnan(link.joules)) continue;
    add(round.grams_co2, grams_co2(std::nullopt, inputs.prices, link.joules, link.charged));
    if (link.charged.usd || inputs.prices.usd_per_kwh) {
      is_priced = true;
      usd += link.charged.usd ? *link.charged.usd : *inputs.prices.usd_per_kwh * link.joules / kJoulesPerKwh;
    }
  }
  // Where energy has a price, a total without some node's energy would be too low.
  if (is_priced && !(energy_has_price && lacks_energy)) round.usd = usd;
}

RoundResult observe_round(const ObservationInputs& inputs, const RoundPlan& plan, const TimedRound& timed,
                          const std::vector<TaskOutcome>& outcomes, const Planner& planner) {
  RoundResult result;
  RoundRecord& round = result.round;
  round.run = inputs.run;
  round.round = plan.round;
  round.start_seconds = timed.start_seconds;
  round.end_seconds = timed.end_seconds;
  round.participants = static_cast<int>(plan.tasks.size());

  const std::map<TaskId, Fate> fates = task_fates(plan, timed);
  const auto times = node_times(plan, timed);
  std::map<TaskId, double> losses;
  for (const TaskOutcome& outcome : outcomes) losses[outcome.task] = outcome.mean_loss;
  std::map<NodeId, std::vector<const TrainTask*>> tasks_of;
  for (const TrainTask& task : plan.tasks) {
    tasks_of[task.device].push_back(&task);
    round.training_flops += task.training_flops + task.server_flops;
  }
  for (const auto& [device, tasks] : tasks_of) {
    const auto node = times.find(device);
    const NodeUse& use = timed.nodes[static_cast<std::size_t>(device)];
    Fate fate = Fate::done;
    for (const TrainTask* task : tasks) fate = worse(fate, fates.at(task->id));
    result.devices.push_back(
        device_record(inputs, tasks, use, node == times.end() ? nullptr : &node->second, timed, fate));
    result.devices.back().loss = mean_loss(tasks, losses);
  }

  round.completed = static_cast<int>(outcomes.size());
  if (!outcomes.empty()) {
    double sum = 0;
    for (const TaskOutcome& outcome : outcomes) sum += outcome.mean_loss;
    round.mean_loss = sum / static_cast<double>(outcomes.size());
  }
  charge_round(inputs, timed, planner.participants(plan), round);
  for (const LinkUse& link : timed.links)
    result.links.push_back({inputs.run, plan.round, link.name, link.bytes, known(link.joules), link.wire_bytes});

  if (planner.knows_coverage()) {
    round.coverage = planner.coverage().share_trained_in(plan.round);
    round.coverage_ever = planner.coverage().share_trained_ever();
    round.mean_staleness = planner.coverage().mean_staleness(plan.round);
  }
  round.overlap_control = planner.overlap_control();
  const CriticalPath path = critical_path(plan, timed, inputs.fleet);
  if (!path.steps.empty()) {
    round.critical_node = path.node;
    round.critical_path = describe(path, plan, timed, inputs.fleet);
    for (const CriticalLeg& leg : legs(path, plan, timed))
      result.critical_steps.push_back({inputs.run, plan.round, static_cast<int>(result.critical_steps.size()), leg.from,
                                       leg.to, leg.start_seconds, leg.end_seconds});
  }
  for (const NodeUse& use : timed.nodes)
    if (!use.spans.empty() || use.off_seconds > 0) result.activities.push_back(activity_of(inputs, use, timed));
  for (NodeId device = 0; device < inputs.fleet.size(); ++device)
    if (const auto left = planner.admission().battery_left_joules(device))
      result.batteries.push_back({inputs.run, plan.round, device, *left});
  if (planner.knows_coverage()) result.coverage = axis_coverage(inputs, plan, timed);
  return result;
}

}  // namespace msfusion
