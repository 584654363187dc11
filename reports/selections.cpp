#include "reports/selections.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace msfusion {

namespace {

struct Sums {
  double least = 0, most = 0, never = 0, evenness = 0, runs = 0;
  double mean = 0, worst = 0, best = 0, evaluated = 0;
};

void add_visits(const StoreReader& reader, int run, Sums& sums) {
  std::map<NodeId, int> visits;
  for (const DeviceRecord& device : reader.devices(run))
    if (!device.is_server) visits[device.device] = 0;
  for (const DeviceTotals& totals : reader.device_totals(run))
    if (const auto known = visits.find(totals.device); known != visits.end()) known->second = totals.rounds;
  if (visits.empty()) return;
  double sum = 0, squares = 0, never = 0;
  int least = visits.begin()->second, most = 0;
  for (const auto& [device, count] : visits) {
    least = std::min(least, count);
    most = std::max(most, count);
    never += count == 0 ? 1 : 0;
    sum += count;
    squares += static_cast<double>(count) * count;
  }
  sums.least += least;
  sums.most += most;
  sums.never += never;
  // Jain's index: 1 where all are asked as often, 1 / devices where one is always asked.
  sums.evenness += squares > 0 ? sum * sum / (static_cast<double>(visits.size()) * squares) : 0;
  ++sums.runs;
}

}  // namespace

Table selection_table(const Results& results) {
  Table table;
  table.caption = "Who was asked how often, and whom the model serves at the end, mean over seeds";
  table.headings = {{"Method", "", false},      {"Least often", "rounds", true}, {"Most often", "rounds", true},
                    {"Never", "devices", true}, {"Evenness", "", true},          {"Accuracy, all devices", "%", true},
                    {"Worst tenth", "%", true}, {"Best tenth", "%", true}};
  table.foot =
      "Rounds in which a device was asked to train. Evenness is Jain's index: 1 where all are asked as often. A "
      "device's "
      "accuracy is the global model's on a test set with its shares of classes.";
  for (std::size_t m = 0; m < results.methods.size(); ++m) {
    const MethodResults& method = results.methods[m];
    const StoreReader& reader = results.stores[method.store].reader;
    Sums sums;
    bool draws = false;
    for (const std::size_t r : method.runs) {
      const int run = results.runs[r].summary.run.run;
      const std::vector<FairnessRecord> fairness = reader.fairness(run);
      draws = draws || !fairness.empty() || !reader.selections(run).empty();
      add_visits(reader, run, sums);
      if (fairness.empty()) continue;
      sums.mean += fairness.back().mean;
      sums.worst += fairness.back().worst_tenth;
      sums.best += fairness.back().best_tenth;
      ++sums.evaluated;
    }
    if (!draws || sums.runs == 0) continue;
    const auto number = [&](double sum) { return TableCell{fmt::format("{:.3g}", sum / sums.runs), ""}; };
    const auto percent = [&](double sum) {
      return TableCell{sums.evaluated > 0 ? fmt::format("{:.1f}", 100 * sum / sums.evaluated) : "–", ""};
    };
    table.rows.push_back({{method.label, ""},
                          number(sums.least),
                          number(sums.most),
                          number(sums.never),
                          number(sums.evenness),
                          percent(sums.mean),
                          percent(sums.worst),
                          percent(sums.best)});
    table.colours.push_back(static_cast<int>(m));
  }
  return table;
}

}  // namespace msfusion
