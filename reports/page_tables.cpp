#include "reports/page_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "reports/scale.hpp"
#include "sim/base/units.hpp"

namespace msfusion {

namespace {

/// "8 Gf" or "8 Gf to 90 Gf"
std::string range_text(const std::vector<double>& values, Quantity quantity) {
  if (values.empty()) return "–";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const auto first = human(*low, quantity), last = human(*high, quantity);
  return first == last ? first : first + " to " + last;
}

/// The devices as the store's first run saw them; a server appears in the runs whose method uses it.
std::vector<DeviceRecord> nodes_of(const Results& results, std::size_t store) {
  std::vector<DeviceRecord> nodes;
  for (const auto& run : results.runs)
    if (run.store == store) {
      auto devices = results.stores[store].reader.devices(run.summary.run.run);
      if (devices.size() > nodes.size()) nodes = std::move(devices);
    }
  return nodes;
}

std::string speed_text(double flops) {
  const auto scale = choose_scale(Dimension::flops, {flops});
  return three_digits(flops / scale.factor) + " " + scale.unit + "/s";
}

}  // namespace

Table fleet_table(const Results& results) {
  Table table;
  table.caption = "The fleet by kind of device";
  table.headings = {{"Kind", "", false},
                    {"Devices", "", true},
                    {"Speed of a core", "", true},
                    {"Memory", "", true},
                    {"Training samples", "", true}};
  const bool several = results.stores.size() > 1;
  for (std::size_t store = 0; store < results.stores.size(); ++store) {
    std::map<std::string, std::vector<DeviceRecord>> kinds;
    for (auto& node : nodes_of(results, store)) kinds[node.is_server ? "server" : node.kind].push_back(node);
    for (const auto& [kind, nodes] : kinds) {
      std::vector<double> speeds, memories;
      std::int64_t samples = 0;
      for (const auto& node : nodes) {
        speeds.push_back(node.speed_flops);
        if (node.memory_bytes) memories.push_back(*node.memory_bytes);
        samples += node.samples;
      }
      const auto [low, high] = std::minmax_element(speeds.begin(), speeds.end());
      table.rows.push_back({{kind, several ? results.stores[store].name : ""},
                            {std::to_string(nodes.size()), ""},
                            {*low == *high ? speed_text(*low) : speed_text(*low) + " to " + speed_text(*high), ""},
                            {range_text(memories, Quantity::bytes), ""},
                            {std::to_string(samples), ""}});
    }
  }
  return table;
}

Table device_table(const Results& results, std::size_t store) {
  Table table;
  table.caption = "Every device of " + results.stores[store].name;
  table.headings = {{"Device", "", false},
                    {"Kind", "", false},
                    {"Speed of a core", "", true},
                    {"Memory", "", true},
                    {"Training samples", "", true}};
  for (const auto& node : nodes_of(results, store))
    table.rows.push_back({{node.name, node.is_server ? "server" : ""},
                          {node.kind, ""},
                          {speed_text(node.speed_flops), ""},
                          {node.memory_bytes ? human(*node.memory_bytes, Quantity::bytes) : "–", ""},
                          {std::to_string(node.samples), ""}});
  return table;
}

Table fairness_table(const Results& results) {
  Table table;
  table.caption = "Accuracy of the devices' sub-models at the end of the runs, mean over seeds";
  table.headings = {{"Method", "", false},     {"Mean of all devices", "%", true}, {"Worst tenth", "%", true},
                    {"Best tenth", "%", true}, {"Worst device", "%", true},        {"Name", "", false}};
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const auto& method = results.methods[m];
    const auto& reader = results.stores[method.store].reader;
    std::map<NodeId, std::vector<double>> scores;
    std::map<NodeId, std::string> names;
    for (const auto r : method.runs) {
      const auto& summary = results.runs[r].summary;
      if (summary.curve.empty()) continue;
      for (const auto& device : reader.devices(summary.run.run)) names[device.device] = device.name;
      for (const auto& score : reader.device_evaluations(summary.run.run, summary.curve.back().evaluation.round))
        scores[score.device].push_back(score.accuracy);
    }
    if (scores.empty()) continue;
    std::vector<std::pair<double, NodeId>> sorted;
    for (const auto& [device, values] : scores) sorted.emplace_back(estimate(values)->mean, device);
    std::sort(sorted.begin(), sorted.end());
    const auto tenth = static_cast<std::ptrdiff_t>((sorted.size() + 9) / 10);
    const auto mean = [](auto begin, auto end) {
      return 100 * std::accumulate(begin, end, 0.0, [](double sum, const auto& one) { return sum + one.first; }) /
             static_cast<double>(end - begin);
    };
    const auto text = [](double percent) { return TableCell{fmt::format("{:.1f}", percent), ""}; };
    table.rows.push_back({{method.label, ""},
                          text(mean(sorted.begin(), sorted.end())),
                          text(mean(sorted.begin(), sorted.begin() + tenth)),
                          text(mean(sorted.end() - tenth, sorted.end())),
                          text(100 * sorted.front().first),
                          {names[sorted.front().second], ""}});
    table.colours.push_back(static_cast<int>(m));
  }
  return table;
}

namespace {

/// One device's cost in the whole run, mean over seeds, with the devices sorted by it.
struct DeviceCosts {
  std::vector<double> seconds, bytes, joules;
};

double mean_of(std::vector<double>::const_iterator begin, std::vector<double>::const_iterator end) {
  return std::accumulate(begin, end, 0.0) / static_cast<double>(end - begin);
}

DeviceCosts costs_of(const Results& results, const MethodResults& method) {
  const auto& reader = results.stores[method.store].reader;
  struct Sum {
    double seconds = 0, bytes = 0, joules = 0;
    bool knows_joules = true;
  };
  std::map<NodeId, Sum> sums;
  for (const auto r : method.runs)
    for (const auto& total : reader.device_totals(results.runs[r].summary.run.run)) {
      auto& sum = sums[total.device];
      sum.seconds += total.busy_seconds;
      sum.bytes += total.bytes;
      sum.joules += total.joules.value_or(0);
      sum.knows_joules = sum.knows_joules && total.joules;
    }
  DeviceCosts costs;
  const auto seeds = static_cast<double>(method.runs.size());
  bool knows_joules = true;
  for (const auto& [device, sum] : sums) {
    costs.seconds.push_back(sum.seconds / seeds);
    costs.bytes.push_back(sum.bytes / seeds);
    costs.joules.push_back(sum.joules / seeds);
    knows_joules = knows_joules && sum.knows_joules;
  }
  if (!knows_joules) costs.joules.clear();
  for (auto* values : {&costs.seconds, &costs.bytes, &costs.joules}) std::sort(values->begin(), values->end());
  return costs;
}

}  // namespace

Table device_cost_table(const Results& results) {
  std::vector<DeviceCosts> costs;
  bool knows_joules = false;
  std::vector<double> seconds, bytes, joules;
  for (const auto& method : results.methods) {
    costs.push_back(costs_of(results, method));
    knows_joules = knows_joules || !costs.back().joules.empty();
    seconds.insert(seconds.end(), costs.back().seconds.begin(), costs.back().seconds.end());
    bytes.insert(bytes.end(), costs.back().bytes.begin(), costs.back().bytes.end());
    joules.insert(joules.end(), costs.back().joules.begin(), costs.back().joules.end());
  }
  Table table;
  table.caption = "What a whole run cost the tenth of the devices with the least of it, and the tenth with the most";
  if (seconds.empty()) return table;
  const auto second = choose_scale(Dimension::seconds, seconds), byte = choose_scale(Dimension::bytes, bytes),
             joule = choose_scale(Dimension::joules, joules);
  table.headings = {{"Method", "", false}};
  const auto add_headings = [&](const std::string& what, const Scale& scale) {
    table.headings.push_back({what + ", least", scale.unit, true});
    table.headings.push_back({"most", scale.unit, true});
  };
  add_headings("Computing", second);
  add_headings("Traffic", byte);
  if (knows_joules) add_headings("Energy", joule);
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    if (costs[m].seconds.empty()) continue;
    std::vector<TableCell> row{{results.methods[m].label, ""}};
    const auto add = [&](const std::vector<double>& values, const Scale& scale) {
      const auto tenth = static_cast<std::ptrdiff_t>((values.size() + 9) / 10);
      for (const bool most : {false, true})
        row.push_back(values.empty() ? TableCell{"–", ""}
                                     : TableCell{three_digits((most ? mean_of(values.end() - tenth, values.end())
                                                                    : mean_of(values.begin(), values.begin() + tenth)) /
                                                              scale.factor),
                                                 ""});
    };
    add(costs[m].seconds, second);
    add(costs[m].bytes, byte);
    if (knows_joules) add(costs[m].joules, joule);
    table.rows.push_back(std::move(row));
    table.colours.push_back(static_cast<int>(m));
  }
  return table;
}

}  // namespace msfusion
