#include "sim/experiment/uncertainty_records.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/base/quantile.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

namespace {

constexpr double kLow = 0.05, kHigh = 0.95;

std::vector<double> of_draws(const std::vector<DrawnCost>& costs, double DrawnCost::*figure) {
  std::vector<double> values;
  for (const DrawnCost& cost : costs) values.push_back(cost.*figure);
  return values;
}

bool is_known(const std::vector<double>& values) {
  return std::none_of(values.begin(), values.end(), [](double value) { return std::isnan(value); });
}

std::string text_of(const std::vector<double>& values) {
  std::string text;
  if (!is_known(values)) return text;
  for (const double value : values) text += fmt::format("{}{:.7g}", text.empty() ? "" : " ", value);
  return text;
}

/// "30 %", "10 to 30 %"; how many state something.
std::string spreads_in_words(const std::vector<std::optional<double>>& spreads, const char* what, const char* nodes) {
  std::optional<double> low, high;
  int stated = 0;
  for (const auto& spread : spreads) {
    if (!spread) continue;
    ++stated;
    low = std::min(low.value_or(*spread), *spread);
    high = std::max(high.value_or(*spread), *spread);
  }
  if (stated == 0) return fmt::format("{} of no {} stated", what, nodes);
  return fmt::format("{} of {} of {} {}s {:.3g}{} %", what, stated, spreads.size(), nodes, *low * 100,
                     *high > *low ? fmt::format(" to {:.3g}", *high * 100) : "");
}

}  // namespace

LayerShares layer_shares(const Shape& shape) {
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  LayerShares shares;
  for (const LayerCost& layer : cost.layers) {
    const char* kind = layer.is_convolution ? "convolution" : layer.is_dense ? "linear" : "other";
    shares[kind] += static_cast<double>(layer.training_macs) / static_cast<double>(cost.training_macs);
  }
  return shares;
}

std::vector<IntervalRecord> interval_records(int run, const DrawnCosts& costs) {
  std::vector<IntervalRecord> records;
  for (std::size_t round = 0; round < costs.size(); ++round) {
    IntervalRecord record;
    record.run = run;
    record.round = static_cast<int>(round);
    record.draws = static_cast<int>(costs[round].size());
    const std::vector<double> seconds = of_draws(costs[round], &DrawnCost::seconds);
    record.seconds_low = quantile(seconds, kLow);
    record.seconds_high = quantile(seconds, kHigh);
    const auto fill = [&](double DrawnCost::*figure, Maybe& low, Maybe& high) {
      const std::vector<double> values = of_draws(costs[round], figure);
      if (!is_known(values)) return;
      low = quantile(values, kLow);
      high = quantile(values, kHigh);
    };
    fill(&DrawnCost::joules, record.joules_low, record.joules_high);
    fill(&DrawnCost::usd, record.usd_low, record.usd_high);
    fill(&DrawnCost::grams_co2, record.grams_co2_low, record.grams_co2_high);
    records.push_back(record);
  }
  return records;
}

std::vector<DrawRecord> draw_records(int run, const DrawnCosts& costs, const std::set<int>& evaluated) {
  std::vector<DrawRecord> records;
  for (std::size_t round = 0; round < costs.size(); ++round) {
    if (evaluated.count(static_cast<int>(round)) == 0 && round + 1 < costs.size()) continue;
    records.push_back({run, static_cast<int>(round), text_of(of_draws(costs[round], &DrawnCost::seconds)),
                       text_of(of_draws(costs[round], &DrawnCost::joules)),
                       text_of(of_draws(costs[round], &DrawnCost::usd)),
                       text_of(of_draws(costs[round], &DrawnCost::grams_co2))});
  }
  return records;
}

std::string uncertainty_in_words(const Uncertainty& uncertainty) {
  std::vector<std::optional<double>> links;  // but SimGrid's own, which no message of ours crosses
  for (std::size_t i = 0; i < uncertainty.links.size(); ++i)
    if (i >= uncertainty.link_names.size() || uncertainty.link_names[i] != "__loopback__")
      links.push_back(uncertainty.links[i]);
  const auto is_unknown = [](const std::optional<double>& spread) { return !spread; };
  const bool all = std::none_of(uncertainty.nodes.begin(), uncertainty.nodes.end(), is_unknown) &&
                   std::none_of(links.begin(), links.end(), is_unknown);
  return fmt::format("{}; {}{}", spreads_in_words(uncertainty.nodes, "computing", "node"),
                     spreads_in_words(links, "rate and latency", "link"),
                     all ? "" : "; unknown of the others, and left out of the intervals");
}

std::string adaptive_because(const Method& method, const Fleet& fleet, bool closes_early, bool is_timeless) {
  std::vector<std::string> reasons;
  if (closes_early) reasons.emplace_back("what a round waits for");
  if (method.exchange.cohort && facts_of(method.selection.kind).asks_the_platform)
    reasons.emplace_back("which devices are asked");
  if (std::any_of(fleet.devices.begin(), fleet.devices.end(),
                  [](const Device& device) { return device.battery_joules.has_value(); }))
    reasons.emplace_back("whose battery lasts");
  if (!is_timeless) reasons.emplace_back("who is there when a round begins");
  std::string text;
  for (std::size_t i = 0; i < reasons.size(); ++i)
    text += (i == 0 ? "" : i + 1 == reasons.size() ? " and " : ", ") + reasons[i];
  return text;
}

}  // namespace msfusion
