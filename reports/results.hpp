// Result folders opened for reporting: stores, their runs, and the runs grouped by method.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/statistics.hpp"
#include "reports/summary.hpp"

namespace msfusion {

struct OpenedStore {
  std::string folder;  ///< as the user wrote it
  std::string name;    ///< of the scenario, or the folder's last part; of a sweep's combination, its values
  MetaMap meta;
  StoreReader reader;
};

struct OpenedRun {
  std::size_t store = 0;   ///< into Results::stores
  std::size_t method = 0;  ///< into Results::methods
  RunSummary summary;
};

/// The runs of one method of one store, which differ in their seed only.
struct MethodResults {
  std::string label;  ///< unique: with the store's name where several stores have it
  std::string name, choices;
  std::size_t store = 0;
  std::vector<std::size_t> runs;  ///< into Results::runs
  std::string own_label{};        ///< in its store
};

struct Results {
  std::vector<OpenedStore> stores;
  std::vector<OpenedRun> runs;
  std::vector<MethodResults> methods;
  std::vector<double> targets;          ///< of all stores, ascending, each once
  std::optional<std::size_t> baseline;  ///< into methods: costs are compared with it

  /// Estimate over the method's runs of a figure that some of them may lack.
  template <class Figure>
  std::optional<Estimate> over_seeds(const MethodResults& method, Figure&& figure) const {
    std::vector<double> values;
    for (const auto run : method.runs)
      if (const Maybe value = figure(runs[run].summary)) values.push_back(*value);
    return estimate(values);
  }
};

/// Opens FOLDER/run.sqlite of each folder; combinations of one sweep come in the order of their values. `baseline` is a
/// label or method name; empty: fedavg where there is one, otherwise none if there is a single method, otherwise the
/// first. Throws UserError with all folders that cannot be read, and for an unknown baseline.
Results open_results(const std::vector<std::string>& folders, const std::string& baseline = "");

/// What a method spent until `target`, over the seeds that reached it.
struct TargetFigures {
  int seeds = 0, reached = 0;
  std::optional<Estimate> rounds;  ///< carried out until then
  std::optional<Estimate> seconds, bytes, bytes_per_device, training_flops, joules, usd, grams_co2;
  std::optional<Estimate> best_accuracy;  ///< over all seeds
  Drawn drawn;                            ///< means over the same seeds in each drawn fleet
  bool by_all() const { return seeds > 0 && reached == seeds; }
};

TargetFigures target_figures(const Results& results, const MethodResults& method, double target);

/// figure / baseline's figure; none where either is unknown, or 0 in the baseline.
Maybe ratio(const std::optional<Estimate>& figure, const std::optional<Estimate>& baseline);

}  // namespace msfusion
