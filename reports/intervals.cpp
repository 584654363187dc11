#include "reports/intervals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/base/quantile.hpp"
#include "sim/base/units.hpp"

namespace msfusion {

namespace {

const Cost* last_drawn(const OpenedRun& run) {
  return run.summary.total.drawn ? &run.summary.total : nullptr;
}

}  // namespace

Drawn drawn_of(const DrawRecord& record, const std::string& store_file) {
  const auto numbers = [&](const std::string& text) {
    std::vector<double> values;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
      const auto value = parse_number(word);
      if (!value)
        throw UserError(Mistake{store_file, 0, "damaged results: \"" + word + "\" among the drawn figures", "numbers"});
      values.push_back(*value);
    }
    return values;
  };
  return {numbers(record.seconds), numbers(record.joules), numbers(record.usd), numbers(record.grams_co2)};
}

std::vector<double> drawn_means(const std::vector<const Cost*>& costs, std::vector<double> Drawn::*figure) {
  std::vector<double> means;
  for (std::size_t run = 0; run < costs.size(); ++run) {
    if (!costs[run]->drawn) return {};
    const std::vector<double>& values = (*costs[run]->drawn).*figure;
    if (run == 0)
      means.assign(values.size(), 0);
    else
      means.resize(std::min(means.size(), values.size()));
    for (std::size_t draw = 0; draw < means.size(); ++draw)
      means[draw] += values[draw] / static_cast<double>(costs.size());
  }
  return means;
}

std::optional<Interval> interval_of(const std::vector<double>& draws) {
  if (draws.empty()) return {};
  return Interval{quantile(draws, 0.05), quantile(draws, 0.95)};
}

std::string in_words(const Interval& interval, const Scale& scale) {
  const std::string low = three_digits(interval.low / scale.factor), high = three_digits(interval.high / scale.factor);
  return low == high ? low : low + " to " + high;
}

Maybe share_before(const std::vector<double>& one, const std::vector<double>& other) {
  const std::size_t draws = std::min(one.size(), other.size());
  if (draws == 0) return {};
  double before = 0;
  for (std::size_t draw = 0; draw < draws; ++draw)
    before += one[draw] < other[draw] ? 1 : one[draw] == other[draw] ? 0.5 : 0;
  return before / static_cast<double>(draws);
}

std::vector<double> shares_first(const std::vector<std::vector<double>>& draws) {
  std::vector<double> shares(draws.size(), 0);
  std::size_t fleets = draws.empty() ? 0 : draws.front().size();
  for (const auto& one : draws) fleets = std::min(fleets, one.size());
  for (std::size_t fleet = 0; fleet < fleets; ++fleet) {
    double least = draws.front()[fleet];
    int equal = 0;
    for (const auto& one : draws) least = std::min(least, one[fleet]);
    for (const auto& one : draws) equal += one[fleet] == least ? 1 : 0;
    for (std::size_t i = 0; i < draws.size(); ++i)
      if (draws[i][fleet] == least) shares[i] += 1.0 / equal / static_cast<double>(fleets);
  }
  return shares;
}

std::string sureness(double share) {
  if (share >= 1) return "all";
  if (share <= 0) return "none";
  if (share > 0.99) return "over 99 %";
  if (share < 0.01) return "under 1 %";
  return fmt::format("{:.0f} %", 100 * share);
}

bool has_draws(const Results& results) {
  return std::any_of(results.runs.begin(), results.runs.end(),
                     [](const OpenedRun& run) { return last_drawn(run) != nullptr; });
}

std::string draws_of(const Results& results) {
  std::size_t fewest = 0, most = 0;
  for (const OpenedRun& run : results.runs)
    if (const Cost* cost = last_drawn(run)) {
      const std::size_t draws = cost->drawn->seconds.size();
      fewest = most == 0 ? draws : std::min(fewest, draws);
      most = std::max(most, draws);
    }
  if (most == 0) return "";
  return fewest == most ? std::to_string(most) : fmt::format("{} to {}", fewest, most);
}

std::string draws_note(const Results& results) {
  const std::string draws = draws_of(results);
  if (draws.empty()) return "";
  return fmt::format("; from .. to: 90 % of {} fleets drawn from the platform's uncertainty", draws);
}

}  // namespace msfusion
