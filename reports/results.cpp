#include "reports/results.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "reports/intervals.hpp"
#include "reports/sweeps.hpp"
#include "sim/base/error.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

std::string last_part(const std::string& folder) {
  auto path = std::filesystem::path(folder).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();
  return path.filename().string();
}

OpenedStore open_store(const std::string& folder) {
  StoreReader reader((std::filesystem::path(folder) / "run.sqlite").string());
  auto meta = reader.meta();
  const auto name = meta.find(meta_key::scenario);
  auto title = name != meta.end() && !name->second.empty() ? name->second : last_part(folder);
  return {folder, std::move(title), std::move(meta), std::move(reader)};
}

std::vector<OpenedStore> open_stores(const std::vector<std::string>& folders) {
  std::vector<OpenedStore> stores;
  std::vector<Mistake> mistakes;
  for (const auto& folder : folders) try {
      stores.push_back(open_store(folder));
    } catch (const UserError& error) {
      mistakes.insert(mistakes.end(), error.mistakes().begin(), error.mistakes().end());
    }
  if (folders.empty()) mistakes.push_back({"", 0, "no result folder given", "one or more folders with a run.sqlite"});
  if (!mistakes.empty()) throw UserError(mistakes);
  return stores;
}

std::optional<std::size_t> find_baseline(const std::vector<MethodResults>& methods, const std::string& wanted) {
  const auto find = [&](auto&& matches) -> std::optional<std::size_t> {
    const auto found = std::find_if(methods.begin(), methods.end(), matches);
    if (found == methods.end()) return {};
    return static_cast<std::size_t>(found - methods.begin());
  };
  if (!wanted.empty()) {
    if (const auto by_label = find([&](const MethodResults& method) { return method.label == wanted; }))
      return by_label;
    if (const auto by_name = find([&](const MethodResults& method) { return method.name == wanted; })) return by_name;
    std::string labels;
    for (const auto& method : methods) labels += (labels.empty() ? "" : ", ") + method.label;
    throw UserError(Mistake{"", 0, "baseline \"" + wanted + "\"", "one of: " + labels});
  }
  if (methods.size() < 2) return {};
  const auto fedavg = find([](const MethodResults& method) { return method.name == "fedavg"; });
  return fedavg ? fedavg : std::optional<std::size_t>(0);
}

/// Labels that several stores use get the store's name, and its place in the command where names agree too.
void make_labels_unique(std::vector<MethodResults>& methods, const std::vector<OpenedStore>& stores) {
  std::map<std::string, int> labels, names;
  for (const auto& method : methods) ++labels[method.label];
  for (const auto& store : stores) ++names[store.name];
  for (auto& method : methods) {
    if (labels[method.label] < 2) continue;
    const auto& store = stores[method.store];
    method.label += " (" + (names[store.name] > 1 ? store.folder : store.name) + ")";
  }
}

}  // namespace

Results open_results(const std::vector<std::string>& folders, const std::string& baseline) {
  Results results;
  results.stores = open_stores(folders);
  arrange_sweep(results.stores);
  for (const auto& store : results.stores)
    for (const double target : targets_of(store.meta, store.reader.file())) results.targets.push_back(target);
  std::sort(results.targets.begin(), results.targets.end());
  results.targets.erase(std::unique(results.targets.begin(), results.targets.end()), results.targets.end());

  for (std::size_t store = 0; store < results.stores.size(); ++store) {
    for (const auto& run : results.stores[store].reader.runs()) {
      auto method = std::find_if(results.methods.begin(), results.methods.end(), [&](const MethodResults& candidate) {
        return candidate.store == store && candidate.label == run.label;
      });
      if (method == results.methods.end())
        method = results.methods.insert(method, {run.label, run.method, run.choices, store, {}, run.label});
      method->runs.push_back(results.runs.size());
      results.runs.push_back({store, static_cast<std::size_t>(method - results.methods.begin()),
                              summarise(results.stores[store].reader, run, results.targets)});
    }
  }
  make_labels_unique(results.methods, results.stores);
  results.baseline = find_baseline(results.methods, baseline);
  return results;
}

TargetFigures target_figures(const Results& results, const MethodResults& method, double target) {
  TargetFigures figures;
  figures.seeds = static_cast<int>(method.runs.size());
  const auto over_reached = [&](auto&& figure) {
    return results.over_seeds(method, [&](const RunSummary& run) -> Maybe {
      for (const auto& cost : run.targets)
        if (cost.accuracy == target && cost.reached) return figure(*cost.reached);
      return {};
    });
  };
  figures.rounds = over_reached([](const CurvePoint& at) -> Maybe { return shown_round(at.evaluation.round); });
  figures.seconds = over_reached([](const CurvePoint& at) -> Maybe { return at.cost.seconds; });
  figures.bytes = over_reached([](const CurvePoint& at) -> Maybe { return at.cost.bytes; });
  figures.bytes_per_device = over_reached([](const CurvePoint& at) { return at.cost.bytes_per_device; });
  figures.training_flops = over_reached([](const CurvePoint& at) -> Maybe { return at.cost.training_flops; });
  figures.joules = over_reached([](const CurvePoint& at) { return at.cost.joules; });
  figures.usd = over_reached([](const CurvePoint& at) { return at.cost.usd; });
  figures.grams_co2 = over_reached([](const CurvePoint& at) { return at.cost.grams_co2; });
  std::vector<const Cost*> costs;
  for (const auto run : method.runs)
    for (const auto& cost : results.runs[run].summary.targets)
      if (cost.accuracy == target && cost.reached) costs.push_back(&cost.reached->cost);
  for (const auto figure : {&Drawn::seconds, &Drawn::joules, &Drawn::usd, &Drawn::grams_co2})
    figures.drawn.*figure = drawn_means(costs, figure);
  figures.reached = figures.rounds ? figures.rounds->count : 0;
  figures.best_accuracy = results.over_seeds(method, [](const RunSummary& run) -> Maybe {
    return run.best ? Maybe(run.best->evaluation.global_accuracy) : std::nullopt;
  });
  return figures;
}

Maybe ratio(const std::optional<Estimate>& figure, const std::optional<Estimate>& baseline) {
  if (!figure || !baseline || baseline->mean == 0) return {};
  return figure->mean / baseline->mean;
}

}  // namespace msfusion
