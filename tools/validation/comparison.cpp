#include "tools/validation/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "sim/base/error.hpp"
#include "sim/base/median.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

double relative(double simulated, double measured) {
  return measured > 0 ? simulated / measured - 1 : 0;
}

std::string percent(double value) {
  return fmt::format("{:+.1f} %", 100 * value);
}

double median_of(const std::vector<RoundComparison>& rounds,
                 const std::function<double(const RoundComparison&)>& what) {
  std::vector<double> values;
  for (const RoundComparison& round : rounds) values.push_back(what(round));
  return median(values);
}

}  // namespace

void Comparison::add_round(const RoundPlan& plan, const SimulatedRound& calibrated, const SimulatedRound& simulated,
                           std::optional<double> slowness, const MeasuredRound& measured) {
  std::vector<StepLog> seen(plan.steps.size());
  double end = measured.start_seconds, merging = 0;
  for (const RoundLog& node : measured.nodes) {
    end = std::max(end, node.end_seconds);
    merging = std::max(merging, node.merge_seconds);
    late_seconds = std::max(late_seconds, node.late_seconds);
    for (const StepLog& step : node.steps) {
      StepLog& whole = seen[static_cast<std::size_t>(step.step)];
      if (step.start_seconds) whole.start_seconds = step.start_seconds;
      if (step.end_seconds) whole.end_seconds = step.end_seconds;
      // Sender and receiver both count it; the receiver counts what arrived.
      if (step.end_seconds) whole.payload_bytes = step.payload_bytes;
    }
  }
  rounds.push_back({end - measured.start_seconds, simulated.seconds, calibrated.seconds, slowness, simulated.interval});
  merge_seconds += merging;
  for (std::size_t s = 0; s < plan.steps.size(); ++s) {
    if (!seen[s].start_seconds || !seen[s].end_seconds) throw RunError("a step of the plan was not carried out");
    const double took = *seen[s].end_seconds - *seen[s].start_seconds;
    const double predicted = simulated.steps[s].end_seconds - simulated.steps[s].start_seconds;
    const auto* transfer = std::get_if<Transfer>(&plan.steps[s].what);
    (transfer ? simulated_transfer : simulated_compute) += predicted;
    (transfer ? measured_transfer : measured_compute) += took;
    json step = {
        {"round", plan.round},
        {"step", s},
        {"simulated", {simulated.steps[s].start_seconds, simulated.steps[s].end_seconds}},
        {"measured", {*seen[s].start_seconds - measured.start_seconds, *seen[s].end_seconds - measured.start_seconds}}};
    if (transfer) step.update({{"from", transfer->from}, {"to", transfer->to}, {"bytes", transfer->bytes}});
    steps.push_back(std::move(step));
    if (!transfer) continue;
    planned_bytes += transfer->bytes;
    payload_bytes += seen[s].payload_bytes - static_cast<double>(sizeof(MessageHeader));
    header_bytes += static_cast<double>(sizeof(MessageHeader));
  }
}

double Comparison::error() const {
  return median_of(rounds, &RoundComparison::error);
}

double Comparison::calibrated_error() const {
  return median_of(rounds, &RoundComparison::calibrated_error);
}

double Comparison::worst_round() const {
  double worst = 0;
  for (const RoundComparison& round : rounds) worst = std::max(worst, std::abs(round.error()));
  return worst;
}

int Comparison::rounds_with_interval() const {
  return static_cast<int>(std::count_if(rounds.begin(), rounds.end(),
                                        [](const RoundComparison& round) { return round.interval.has_value(); }));
}

int Comparison::rounds_within() const {
  return static_cast<int>(
      std::count_if(rounds.begin(), rounds.end(), [](const auto& round) { return round.is_within(); }));
}

double Comparison::compute_error() const {
  return relative(simulated_compute, measured_compute);
}

double Comparison::transfer_error() const {
  return relative(simulated_transfer, measured_transfer);
}

const char* const kComparisonHead =
    "| case | method | measured round, ms | simulated, ms | round error | cores as calibrated | cores' slowness "
    "| compute error | transfer error | worst round | within 90 % | merging, ms | bytes a round | bytes | parameters "
    "|\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|";

std::string row(const Comparison& c) {
  const auto n = static_cast<double>(c.rounds.size());
  const std::string wire =
      c.wire_bytes && c.planned_bytes > 0 ? fmt::format(", wire {}", percent(*c.wire_bytes / c.planned_bytes - 1)) : "";
  const bool looked = c.rounds.front().slowness.has_value();
  const std::string slowness =
      looked ? fmt::format("{:.2f}", median_of(c.rounds, [](const RoundComparison& r) { return r.slowness.value(); }))
             : "-";
  return fmt::format(
      "| {} | {} | {:.0f} | {:.0f} | {} | {} | {} | {} | {} | {:.1f} % | {} | {:.0f} | {:.0f} | {} | {} |",
      c.chosen.name, c.chosen.method, 1e3 * median_of(c.rounds, &RoundComparison::measured_seconds),
      1e3 * median_of(c.rounds, &RoundComparison::simulated_seconds), percent(c.error()), percent(c.calibrated_error()),
      slowness, percent(c.compute_error()), c.planned_bytes > 0 ? percent(c.transfer_error()) : "-",
      100 * c.worst_round(),
      c.rounds_with_interval() > 0 ? fmt::format("{} of {}", c.rounds_within(), c.rounds_with_interval()) : "-",
      1e3 * c.merge_seconds / n, c.planned_bytes / n, c.same_bytes() ? "equal" + wire : "DIFFERENT",
      c.same_parameters ? "equal" : "DIFFERENT");
}

json to_json(const Comparison& c) {
  json rounds = json::array();
  for (const RoundComparison& round : c.rounds) {
    rounds.push_back({{"measured_seconds", round.measured_seconds},
                      {"simulated_seconds", round.simulated_seconds},
                      {"calibrated_seconds", round.calibrated_seconds}});
    if (round.interval) rounds.back()["interval"] = {round.interval->first, round.interval->second};
    if (round.slowness) rounds.back()["slowness"] = *round.slowness;
  }
  json entry = {{"case", c.chosen.name},
                {"method", c.chosen.method},
                {"rounds", rounds},
                {"error", c.error()},
                {"calibrated_error", c.calibrated_error()},
                {"measured_compute_seconds", c.measured_compute},
                {"simulated_compute_seconds", c.simulated_compute},
                {"measured_transfer_seconds", c.measured_transfer},
                {"simulated_transfer_seconds", c.simulated_transfer},
                {"merge_seconds", c.merge_seconds},
                {"late_seconds", c.late_seconds},
                {"planned_bytes", c.planned_bytes},
                {"payload_bytes", c.payload_bytes},
                {"header_bytes", c.header_bytes},
                {"same_parameters", c.same_parameters},
                {"steps", c.steps}};
  if (c.wire_bytes) entry["wire_bytes"] = *c.wire_bytes;
  return entry;
}

}  // namespace msfusion
