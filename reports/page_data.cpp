#include "reports/page_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "reports/page_fleet.hpp"
#include "reports/page_json.hpp"
#include "reports/page_timeline.hpp"
#include "reports/statistics.hpp"
#include "reports/table.hpp"
#include "sim/base/natural_order.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

// What a page can carry: beyond these, points are left out evenly and the page says so.
constexpr std::size_t kMostCurvePoints = 600;        // per run
constexpr std::size_t kMostTimelineBytes = 1200000;  // all methods together
constexpr std::size_t kMostHeatColumns = 90;         // rounds
constexpr int kMostHeatRows = 64;                    // bins of units
constexpr std::size_t kMostOverlapDevices = 40;

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
Json staleness(const std::map<std::string, AxisHistory, bool (*)(std::string_view, std::string_view)>& axes) {
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
  double bytes = 0, joules = 0;
  ActivityTotals did;
  bool joules_known = true;
  int rounds = 0;
  std::map<std::string, int> fates;
  int critical = 0;
  std::vector<double> accuracies;  ///< of the last evaluation, per seed
};

Json device_json(const DeviceRecord& device) {
  return {
      {"id", device.device},
      {"name", device.name},
      {"kind", device.kind},
      {"server", device.is_server},
      {"flops", compact(device.speed_flops)},
      {"memory", number(device.memory_bytes)},
      {"samples", device.samples},
      {"at", device.peer_x && device.peer_y ? Json{compact(*device.peer_x), compact(*device.peer_y)} : Json(nullptr)}};
}

std::size_t device_count(const std::vector<DeviceRecord>& devices) {
  return static_cast<std::size_t>(
      std::count_if(devices.begin(), devices.end(), [](const DeviceRecord& device) { return !device.is_server; }));
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

  bool curves_thinned = false;
  TimelineThinning thinned;
  data["runs"] = Json::array();
  data["details"] = Json::array();
  data["devices"] = Json::array();
  data["links"] = Json::array();
  const std::size_t bytes_per_method = kMostTimelineBytes / std::max<std::size_t>(results.methods.size(), 1);
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const auto& method = results.methods[m];
    const auto& reader = results.stores[method.store].reader;
    std::map<NodeId, DeviceSums> sums;
    std::vector<int> runs;
    double seconds = 0;
    std::vector<DeviceRecord> devices;
    for (const auto r : method.runs) {
      const auto& summary = results.runs[r].summary;
      const int run = summary.run.run;
      const auto rounds = reader.rounds(run);
      const bool first = r == method.runs.front();
      data["runs"].push_back({{"method", m},
                              {"seed", std::to_string(summary.run.seed)},
                              {"state", summary.run.state},
                              {"split", number(summary.mean_split)},
                              {"rounds", summary.rounds_done},
                              {"curve", curve_of(summary, curves_thinned)},
                              {"coverage", coverage_of(rounds)}});
      for (const auto& round : rounds)
        if (round.critical_node) ++sums[*round.critical_node].critical;
      for (const auto& total : reader.device_totals(run)) {
        auto& sum = sums[total.device];
        sum.bytes += total.bytes;
        sum.joules_known = sum.joules_known && total.joules;
        sum.joules += total.joules.value_or(0);
        sum.rounds += total.rounds;
        for (const auto& [fate, count] : total.fates) sum.fates[fate] += count;
      }
      for (const auto& total : reader.activity_totals(run)) {
        auto& did = sums[total.device].did;
        did.compute += total.compute;
        did.send += total.send;
        did.receive += total.receive;
        did.both += total.both;
        did.off += total.off;
      }
      if (!summary.curve.empty())
        for (const auto& score : reader.device_evaluations(run, summary.curve.back().evaluation.round))
          sums[score.device].accuracies.push_back(score.accuracy);
      runs.push_back(run);
      seconds += summary.total.seconds;
      if (!first) continue;

      devices = reader.devices(run);
      const auto device_rounds = reader.device_rounds(run);
      const auto ranges = by_round(device_rounds);
      std::map<std::pair<int, NodeId>, std::string> fates;
      for (const auto& record : device_rounds) fates[{record.round, record.device}] = record.fate;
      const auto coverage = reader.coverage(run);
      std::map<std::string, AxisHistory, bool (*)(std::string_view, std::string_view)> axes(natural_less);
      for (const auto& record : coverage) axes[record.axis].rounds.push_back(&record);
      Json heat = Json::array();
      for (const auto& [axis, history] : axes) heat.push_back(heat_map(clean_text(axis), history));
      data["details"].push_back({{"method", m},
                                 {"seed", std::to_string(summary.run.seed)},
                                 {"seconds", compact(summary.total.seconds)},
                                 {"timeline", timeline(reader, run, rounds, fates, bytes_per_method, thinned)},
                                 {"joints", joints_json(reader.joints(run))},
                                 {"peers", peers_json(reader.peers(run), device_count(devices))},
                                 {"batteries", batteries_json(reader, run, devices, rounds)},
                                 {"switches", switches_json(reader.switches(run))},
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
        const auto count = static_cast<double>(method.runs.size());
        const auto accuracy = estimate(sum.accuracies);
        const auto& did = sum.did;
        // In rounds without a row a node was idle.
        const double idle = seconds - did.compute - did.send - did.receive - did.both - did.off;
        json["busy"] = compact(did.compute / count);
        json["time"] = {compact(did.compute / count),         compact(did.send / count),
                        compact(did.receive / count),         compact(did.both / count),
                        compact(std::max(0.0, idle) / count), compact(did.off / count)};
        json["bytes"] = compact(sum.bytes / count);
        json["joules"] = sum.rounds && sum.joules_known ? Json(compact(sum.joules / count)) : Json(nullptr);
        json["rounds"] = sum.rounds;
        json["fates"] = sum.fates;
        json["critical"] = sum.critical;
        json["accuracy"] = accuracy ? Json(compact(accuracy->mean)) : Json(nullptr);
      }
      list.push_back(std::move(json));
    }
    data["devices"].push_back({{"method", m}, {"list", std::move(list)}});
    auto links = links_json(reader, runs);
    links["method"] = m;
    data["links"].push_back(std::move(links));
  }
  if (curves_thinned)
    page.notes.push_back(fmt::format("Curves show {} evenly spaced evaluations of each run.", kMostCurvePoints));
  if (thinned.spans)
    page.notes.push_back("Timelines join moments of rounds with very many steps that are too short to be seen.");
  if (thinned.rounds)
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
