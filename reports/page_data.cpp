#include "reports/page_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/statistics.hpp"
#include "reports/table.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

using Json = nlohmann::ordered_json;

// What a page can carry: beyond these, points are left out evenly and the page says so.
constexpr std::size_t kMostCurvePoints = 600;     // per run
constexpr std::size_t kMostTimelineRows = 15000;  // device-rounds, all runs together
constexpr std::size_t kMostHeatColumns = 90;      // rounds
constexpr int kMostHeatRows = 64;                 // bins of units
constexpr std::size_t kMostOverlapDevices = 40;

/// Six significant digits: more than a chart can show, at a third of the size.
double compact(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = 5 - static_cast<int>(std::floor(std::log10(std::fabs(value))));
  const double power = std::pow(10.0, std::abs(exponent));
  return exponent >= 0 ? std::round(value * power) / power : std::round(value / power) * power;
}

Json number(const Maybe& value) {
  return value ? Json(compact(*value)) : Json(nullptr);
}

/// At most `most` of 0 .. count-1, first and last among them.
std::vector<std::size_t> evenly(std::size_t count, std::size_t most) {
  std::vector<std::size_t> chosen;
  if (count == 0 || most == 0) return chosen;
  const std::size_t kept = std::min(count, std::max<std::size_t>(most, 2));
  for (std::size_t i = 0; i < kept; ++i) chosen.push_back(kept == 1 ? 0 : i * (count - 1) / (kept - 1));
  return chosen;
}

/// "conv2" before "conv10".
bool natural_less(const std::string& a, const std::string& b) {
  std::size_t i = 0, j = 0;
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  while (i < a.size() && j < b.size()) {
    if (digit(a[i]) && digit(b[j])) {
      const auto end = [&](const std::string& text, std::size_t at) {
        while (at < text.size() && digit(text[at])) ++at;
        return at;
      };
      const auto left = a.substr(i, end(a, i) - i), right = b.substr(j, end(b, j) - j);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
      i += left.size();
      j += right.size();
    } else {
      if (a[i] != b[j]) return a[i] < b[j];
      ++i;
      ++j;
    }
  }
  return a.size() - i < b.size() - j;
}

struct Window {
  int start = 0, length = 0, size = 0;
};

/// The windows of "start+length/size ..."; nothing where the slice is not made of windows.
std::vector<Window> parse_slice(const std::string& text) {
  std::vector<Window> windows;
  for (std::size_t at = 0; at < text.size();) {
    Window window;
    int used = 0;
    if (std::sscanf(text.c_str() + at, "%d+%d/%d%n", &window.start, &window.length, &window.size, &used) != 3)
      return {};
    if (window.size < 1 || window.length < 1 || window.length > window.size || window.start < 0) return {};
    windows.push_back(window);
    at += static_cast<std::size_t>(used);
    while (at < text.size() && text[at] == ' ') ++at;
  }
  return windows;
}

/// Units of a that are in b, as a share of a, mean over the axes.
double shared_units(const std::vector<Window>& a, const std::vector<Window>& b) {
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

Json curve_of(const RunSummary& summary, bool& thinned) {
  Json curve = {{"round", Json::array()},       {"seconds", Json::array()},      {"bytes", Json::array()},
                {"joules", Json::array()},      {"usd", Json::array()},          {"accuracy", Json::array()},
                {"loss", Json::array()},        {"sub_accuracy", Json::array()}, {"sub_loss", Json::array()},
                {"disagreement", Json::array()}};
  thinned = thinned || summary.curve.size() > kMostCurvePoints;
  for (const auto i : evenly(summary.curve.size(), kMostCurvePoints)) {
    const auto& point = summary.curve[i];
    curve["round"].push_back(point.evaluation.round + 1);
    curve["seconds"].push_back(compact(point.cost.seconds));
    curve["bytes"].push_back(compact(point.cost.bytes));
    curve["joules"].push_back(number(point.cost.joules));
    curve["usd"].push_back(number(point.cost.usd));
    curve["accuracy"].push_back(compact(point.evaluation.global_accuracy));
    curve["loss"].push_back(compact(point.evaluation.global_loss));
    curve["sub_accuracy"].push_back(number(point.evaluation.submodel_accuracy));
    curve["sub_loss"].push_back(number(point.evaluation.submodel_loss));
    curve["disagreement"].push_back(number(point.evaluation.disagreement));
  }
  return curve;
}

Json coverage_of(const std::vector<RoundRecord>& rounds) {
  Json coverage = {
      {"round", Json::array()}, {"now", Json::array()}, {"ever", Json::array()}, {"control", Json::array()}};
  for (const auto i : evenly(rounds.size(), kMostCurvePoints)) {
    coverage["round"].push_back(rounds[i].round + 1);
    coverage["now"].push_back(number(rounds[i].coverage));
    coverage["ever"].push_back(number(rounds[i].coverage_ever));
    coverage["control"].push_back(number(rounds[i].overlap_control));
  }
  return coverage;
}

/// Heat map of one axis, and for how long its units have gone without training.
struct AxisHistory {
  std::vector<const AxisCoverageRecord*> rounds;
};

Json heat_map(const std::string& axis, const AxisHistory& history) {
  const auto units = static_cast<int>(history.rounds.front()->trained_by.size());
  const int bins = std::min(units, kMostHeatRows);
  const auto columns = evenly(history.rounds.size(), kMostHeatColumns);
  Json rounds = Json::array(), values = Json::array();
  for (const auto column : columns) {
    const auto& record = *history.rounds[column];
    rounds.push_back(record.round + 1);
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
  for (const auto* record : history.rounds)
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
Json staleness(const std::map<std::string, AxisHistory, bool (*)(const std::string&, const std::string&)>& axes) {
  std::map<int, std::pair<double, double>> by_round;  // sum, units
  for (const auto& [name, history] : axes) {
    std::vector<int> age(history.rounds.front()->trained_by.size(), 0);
    for (const auto* record : history.rounds) {
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
    rounds.push_back(means[i].first + 1);
    values.push_back(compact(means[i].second));
  }
  return {{"round", std::move(rounds)}, {"mean", std::move(values)}};
}

using DeviceRounds = std::vector<DeviceRoundRecord>;
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

Json timeline(const std::vector<RoundRecord>& rounds, const ByRound& ranges, std::size_t most_rows, bool& thinned) {
  std::size_t devices = 1;
  for (const auto& [round, range] : ranges)
    devices = std::max(devices, static_cast<std::size_t>(range.second - range.first));
  const auto most = std::max<std::size_t>(most_rows / devices, 2);
  thinned = thinned || rounds.size() > most;
  Json list = Json::array();
  for (const auto i : evenly(rounds.size(), most)) {
    const auto& round = rounds[i];
    const auto relative = [&](const Maybe& time) -> Json {
      return time ? Json(compact(std::round((*time - round.start_seconds) * 1e6) / 1e6)) : Json(nullptr);
    };
    Json rows = Json::array();
    if (const auto range = ranges.find(round.round); range != ranges.end())
      for (auto at = range->second.first; at != range->second.second; ++at)
        rows.push_back({at->device, relative(at->start_seconds), relative(at->compute_start_seconds),
                        relative(at->compute_end_seconds), relative(at->exchange_end_seconds), at->fate});
    list.push_back({{"round", round.round + 1},
                    {"start", compact(round.start_seconds)},
                    {"length", compact(round.end_seconds - round.start_seconds)},
                    {"critical", round.critical_node ? Json(*round.critical_node) : Json(nullptr)},
                    {"path", round.critical_path},
                    {"rows", std::move(rows)}});
  }
  return list;
}

Json overlap(const ByRound& ranges) {
  Json list = Json::array();
  if (ranges.empty()) return list;
  std::vector<int> rounds;
  for (const auto& [round, range] : ranges) rounds.push_back(round);
  std::set<int> chosen{rounds.front(), rounds[rounds.size() / 2], rounds.back()};
  for (const int round : chosen) {
    const auto [begin, end] = ranges.at(round);
    std::vector<int> devices;
    std::vector<std::vector<Window>> slices;
    for (const auto i : evenly(static_cast<std::size_t>(end - begin), kMostOverlapDevices)) {
      const auto& record = *(begin + static_cast<std::ptrdiff_t>(i));
      slices.push_back(parse_slice(record.slice));
      devices.push_back(record.device);
      if (slices.back().empty() || slices.back().size() != slices.front().size()) return Json::array();
    }
    Json values = Json::array();
    for (const auto& a : slices) {
      Json line = Json::array();
      for (const auto& b : slices) line.push_back(std::round(100 * shared_units(a, b)) / 100);
      values.push_back(std::move(line));
    }
    list.push_back({{"round", round + 1}, {"devices", devices}, {"values", std::move(values)}});
  }
  return list;
}

/// Sums per device kind and per device over the runs of a method.
struct DeviceSums {
  std::string kind;
  double busy = 0, exchange = 0, idle = 0, bytes = 0, joules = 0;
  bool joules_known = true;
  int rounds = 0;
  std::map<std::string, int> fates;
  int critical = 0;
  std::vector<double> accuracies;  ///< of the last evaluation, per seed
};

Json device_json(const DeviceRecord& device) {
  return {{"id", device.device},
          {"name", device.name},
          {"kind", device.kind},
          {"server", device.is_server},
          {"flops", compact(device.speed_flops)},
          {"memory", number(device.memory_bytes)},
          {"samples", device.samples}};
}

}  // namespace

PageData page_data(const Results& results) {
  PageData page;
  Json data;
  data["targets"] = results.targets;
  data["baseline"] = results.baseline ? Json(*results.baseline) : Json(nullptr);
  data["t"] = Json::object();
  std::set<int> counts;
  for (const auto& method : results.methods)
    for (int n = 2; n <= static_cast<int>(method.runs.size()); ++n) counts.insert(n);
  for (const int n : counts) data["t"][std::to_string(n)] = compact(t_quantile(n));

  data["methods"] = Json::array();
  for (const auto& method : results.methods)
    data["methods"].push_back({{"label", clean_text(method.label)},
                               {"name", clean_text(method.name)},
                               {"choices", clean_text(method.choices)},
                               {"store", method.store}});

  bool curves_thinned = false, timelines_thinned = false;
  data["runs"] = Json::array();
  data["details"] = Json::array();
  data["devices"] = Json::array();
  data["links"] = Json::array();
  const std::size_t rows_per_method = kMostTimelineRows / std::max<std::size_t>(results.methods.size(), 1);
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const auto& method = results.methods[m];
    const auto& reader = results.stores[method.store].reader;
    std::map<NodeId, DeviceSums> sums;
    std::map<std::string, double> link_bytes;
    double seconds = 0;
    std::vector<DeviceRecord> devices;
    for (const auto r : method.runs) {
      const auto& summary = results.runs[r].summary;
      const int run = summary.run.run;
      const auto rounds = reader.rounds(run);
      const auto device_rounds = reader.device_rounds(run);
      const auto ranges = by_round(device_rounds);
      const bool first = r == method.runs.front();
      data["runs"].push_back({{"method", m},
                              {"seed", std::to_string(summary.run.seed)},
                              {"state", summary.run.state},
                              {"split", number(summary.mean_split)},
                              {"rounds", summary.rounds_done},
                              {"curve", curve_of(summary, curves_thinned)},
                              {"coverage", coverage_of(rounds)}});
      std::map<int, double> lengths;
      for (const auto& round : rounds) {
        lengths[round.round] = round.end_seconds - round.start_seconds;
        if (round.critical_node) ++sums[*round.critical_node].critical;
      }
      for (const auto& record : device_rounds) {
        auto& sum = sums[record.device];
        const double rest = lengths[record.round] - record.busy_seconds - record.idle_seconds;
        sum.busy += record.busy_seconds;
        sum.idle += record.idle_seconds;
        sum.exchange += std::max(0.0, rest);
        sum.bytes += record.bytes_sent + record.bytes_received;
        sum.joules_known = sum.joules_known && record.joules;
        sum.joules += record.joules.value_or(0);
        ++sum.rounds;
        ++sum.fates[record.fate];
      }
      if (!summary.curve.empty())
        for (const auto& score : reader.device_evaluations(run, summary.curve.back().evaluation.round))
          sums[score.device].accuracies.push_back(score.accuracy);
      for (const auto& link : reader.links(run)) link_bytes[link.link] += link.bytes;
      seconds += summary.total.seconds;
      if (!first) continue;

      devices = reader.devices(run);
      const auto coverage = reader.coverage(run);
      std::map<std::string, AxisHistory, bool (*)(const std::string&, const std::string&)> axes(natural_less);
      for (const auto& record : coverage) axes[record.axis].rounds.push_back(&record);
      Json heat = Json::array();
      for (const auto& [axis, history] : axes) heat.push_back(heat_map(clean_text(axis), history));
      data["details"].push_back({{"method", m},
                                 {"seed", std::to_string(summary.run.seed)},
                                 {"timeline", timeline(rounds, ranges, rows_per_method, timelines_thinned)},
                                 {"axes", std::move(heat)},
                                 {"staleness", staleness(axes)},
                                 {"overlap", overlap(ranges)}});
    }
    Json list = Json::array();
    for (const auto& device : devices) {
      auto json = device_json(device);
      json["name"] = clean_text(device.name);
      json["kind"] = clean_text(device.kind);
      if (const auto found = sums.find(device.device); found != sums.end()) {
        const auto& sum = found->second;
        const auto runs = static_cast<double>(method.runs.size());
        const auto accuracy = estimate(sum.accuracies);
        json["busy"] = compact(sum.busy / runs);
        json["exchange"] = compact(sum.exchange / runs);
        json["idle"] = compact(sum.idle / runs);
        json["bytes"] = compact(sum.bytes / runs);
        json["joules"] = sum.rounds && sum.joules_known ? Json(compact(sum.joules / runs)) : Json(nullptr);
        json["rounds"] = sum.rounds;
        json["fates"] = sum.fates;
        json["critical"] = sum.critical;
        json["accuracy"] = accuracy ? Json(compact(accuracy->mean)) : Json(nullptr);
      }
      list.push_back(std::move(json));
    }
    data["devices"].push_back({{"method", m}, {"list", std::move(list)}});
    for (const auto& [link, bytes] : link_bytes)
      data["links"].push_back({{"method", m},
                               {"link", clean_text(link)},
                               {"rate", seconds > 0 ? Json(compact(bytes / seconds)) : Json(nullptr)},
                               {"bytes", compact(bytes / static_cast<double>(method.runs.size()))}});
  }
  if (curves_thinned)
    page.notes.push_back(fmt::format("Curves show {} evenly spaced evaluations of each run.", kMostCurvePoints));
  if (timelines_thinned)
    page.notes.push_back("Timelines show evenly spaced rounds of each method's first seed, not every round.");
  data["notes"] = page.notes;

  page.json = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  // '<' occurs inside strings only; escaped, neither </script> nor <!-- can appear.
  std::string safe;
  safe.reserve(page.json.size());
  for (const char c : page.json) c == '<' ? safe += "\\u003c" : safe += c;
  page.json = std::move(safe);
  return page;
}

}  // namespace msfusion
