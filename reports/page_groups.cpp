#include "reports/page_groups.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "reports/sweeps.hpp"
#include "reports/table.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostValues = 200;
constexpr const char* kDefault = "default";

Json setting_json(const Setting& setting, const std::vector<std::string>& values) {
  Json of_store = Json::array();
  for (const auto& value : setting.values)
    of_store.push_back(std::find(values.begin(), values.end(), value.value_or(kDefault)) - values.begin());
  return {{"path", clean_text(setting.path)}, {"values", values}, {"of_store", std::move(of_store)}};
}

Json run_json(const Results& results, const OpenedRun& run, std::size_t label) {
  const auto& summary = run.summary;
  const auto last = summary.final_point();
  Json targets = Json::array();
  for (const double target : results.targets) {
    const auto found = std::find_if(summary.targets.begin(), summary.targets.end(),
                                    [&](const TargetCost& cost) { return cost.accuracy == target && cost.reached; });
    targets.push_back(found == summary.targets.end()
                          ? Json(nullptr)
                          : Json({compact(found->reached->cost.seconds), compact(found->reached->cost.bytes),
                                  number(found->reached->cost.joules), number(found->reached->cost.usd)}));
  }
  return {{"store", run.store},
          {"label", label},
          {"seed", std::to_string(summary.run.seed)},
          {"accuracy", last ? Json(compact(last->evaluation.global_accuracy)) : Json(nullptr)},
          {"best", summary.best ? Json(compact(summary.best->evaluation.global_accuracy)) : Json(nullptr)},
          {"seconds", compact(summary.total.seconds)},
          {"bytes", compact(summary.total.bytes)},
          {"joules", number(summary.total.joules)},
          {"usd", number(summary.total.usd)},
          {"targets", std::move(targets)}};
}

}  // namespace

Json groups_json(const Results& results, const std::vector<Setting>& settings) {
  Json of_settings = Json::array();
  for (const auto& setting : settings) {
    if (!setting.is_attribute) continue;
    std::vector<std::string> values;
    for (const auto& value : setting.values) values.push_back(value.value_or(kDefault));
    std::sort(values.begin(), values.end(), value_less);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    if (values.size() <= kMostValues) of_settings.push_back(setting_json(setting, values));
  }
  if (of_settings.empty()) return nullptr;
  std::vector<std::string> labels;
  Json runs = Json::array();
  for (const auto& run : results.runs) {
    const std::string label = clean_text(results.methods[run.method].own_label);
    auto at = std::find(labels.begin(), labels.end(), label);
    if (at == labels.end()) at = labels.insert(at, label);
    runs.push_back(run_json(results, run, static_cast<std::size_t>(at - labels.begin())));
  }
  return {{"settings", std::move(of_settings)}, {"labels", labels}, {"runs", std::move(runs)}};
}

}  // namespace msfusion
