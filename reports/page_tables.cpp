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
    const auto text = [](double percent) { return Cell{fmt::format("{:.1f}", percent), ""}; };
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

}  // namespace msfusion
