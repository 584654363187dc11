#include "reports/page_trained.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "reports/table.hpp"
#include "sim/base/natural_order.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostHeatColumns = 90;  // rounds
constexpr int kMostHeatRows = 64;             // bins of units
constexpr std::size_t kMostOverlapDevices = 40;

using History = std::vector<const AxisCoverageRecord*>;  // of one axis, by round
using AxisHistories = std::map<std::string, History, bool (*)(std::string_view, std::string_view)>;

Json heat_map(const std::string& axis, const History& history) {
  const auto units = static_cast<int>(history.front()->trained_by.size());
  const int bins = std::min(units, kMostHeatRows);
  const auto columns = evenly(history.size(), kMostHeatColumns);
  Json rounds = Json::array(), values = Json::array();
  for (const auto column : columns) {
    const auto& record = *history[column];
    rounds.push_back(shown_round(record.round));
    Json line = Json::array();
    for (int bin = 0; bin < bins; ++bin) {
      const int from = bin * units / bins, to = (bin + 1) * units / bins;
      double sum = 0;
      for (int unit = from; unit < to; ++unit) sum += record.trained_by[static_cast<std::size_t>(unit)];
      line.push_back(std::round(100 * sum / (to - from)) / 100);
    }
    values.push_back(std::move(line));
  }
  std::vector<bool> ever(static_cast<std::size_t>(units), false);
  for (const auto* record : history)
    for (std::size_t unit = 0; unit < ever.size() && unit < record->trained_by.size(); ++unit)
      if (record->trained_by[unit] > 0) ever[unit] = true;
  return {{"axis", axis},
          {"units", units},
          {"bins", bins},
          {"never", std::count(ever.begin(), ever.end(), false)},
          {"rounds", std::move(rounds)},
          {"values", std::move(values)}};
}

/// Mean number of rounds since a unit was trained last, over all axes, after each round.
Json staleness(const AxisHistories& axes) {
  std::map<int, std::pair<double, double>> by_round;  // sum, units
  for (const auto& [name, history] : axes) {
    std::vector<int> age(history.front()->trained_by.size(), 0);
    for (const auto* record : history) {
      auto& [sum, units] = by_round[record->round];
      for (std::size_t unit = 0; unit < age.size() && unit < record->trained_by.size(); ++unit) {
        age[unit] = record->trained_by[unit] > 0 ? 0 : age[unit] + 1;
        sum += age[unit];
        ++units;
      }
    }
  }
  std::vector<std::pair<int, double>> means;
  for (const auto& [round, total] : by_round)
    means.emplace_back(round, total.second > 0 ? total.first / total.second : 0);
  Json rounds = Json::array(), values = Json::array();
  for (const auto i : evenly(means.size(), kMostCurvePoints)) {
    rounds.push_back(shown_round(means[i].first));
    values.push_back(compact(means[i].second));
  }
  return {{"round", std::move(rounds)}, {"mean", std::move(values)}};
}

bool made_of_windows(const std::vector<AxisSlice>& slice) {
  return !slice.empty() &&
         std::all_of(slice.begin(), slice.end(), [](const AxisSlice& axis) { return axis.is_window; });
}

/// The share of a's units that b has too, mean over the axes.
double shared_units(const std::vector<AxisSlice>& a, const std::vector<AxisSlice>& b) {
  double total = 0;
  for (std::size_t axis = 0; axis < a.size(); ++axis) {
    int common = 0;
    for (int i = 0; i < a[axis].length; ++i) {
      const int unit = (a[axis].start + i) % a[axis].size;
      const int offset = ((unit - b[axis].start) % b[axis].size + b[axis].size) % b[axis].size;
      common += offset < b[axis].length;
    }
    total += static_cast<double>(common) / a[axis].length;
  }
  return a.empty() ? 0 : total / static_cast<double>(a.size());
}

using ByRound = std::map<int, std::pair<DeviceRounds::const_iterator, DeviceRounds::const_iterator>>;

ByRound by_round(const DeviceRounds& records) {
  ByRound ranges;
  for (auto at = records.begin(); at != records.end();) {
    const auto end = std::find_if(at, records.end(), [&](const DeviceRoundRecord& r) { return r.round != at->round; });
    ranges[at->round] = {at, end};
    at = end;
  }
  return ranges;
}

}  // namespace

CoverageJson coverage_json(const std::vector<AxisCoverageRecord>& coverage) {
  AxisHistories axes(natural_less);
  for (const auto& record : coverage) axes[record.axis].push_back(&record);
  Json heat = Json::array();
  for (const auto& [axis, history] : axes) heat.push_back(heat_map(clean_text(axis), history));
  return {std::move(heat), staleness(axes)};
}

Json overlap_json(const DeviceRounds& records) {
  const ByRound ranges = by_round(records);
  Json list = Json::array();
  if (ranges.empty()) return list;
  std::vector<int> rounds;
  for (const auto& [round, range] : ranges) rounds.push_back(round);
  std::set<int> chosen{rounds.front(), rounds[rounds.size() / 2], rounds.back()};
  for (const int round : chosen) {
    const auto [begin, end] = ranges.at(round);
    std::vector<int> devices;
    std::vector<std::vector<AxisSlice>> slices;
    for (const auto i : evenly(static_cast<std::size_t>(end - begin), kMostOverlapDevices)) {
      const auto& record = *(begin + static_cast<std::ptrdiff_t>(i));
      slices.push_back(record.slice);
      devices.push_back(record.device);
      if (!made_of_windows(record.slice) || record.slice.size() != slices.front().size()) return Json::array();
    }
    Json values = Json::array();
    for (const auto& a : slices) {
      Json line = Json::array();
      for (const auto& b : slices) line.push_back(std::round(100 * shared_units(a, b)) / 100);
      values.push_back(std::move(line));
    }
    list.push_back({{"round", shown_round(round)}, {"devices", devices}, {"values", std::move(values)}});
  }
  return list;
}

}  // namespace msfusion
