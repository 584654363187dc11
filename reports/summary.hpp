// What a run cost and reached: the figures that every report, table and export shows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/record/format.hpp"
#include "sim/record/store.hpp"

namespace msfusion {

/// What was spent in each drawn fleet; empty where it is not known.
struct Drawn {
  std::vector<double> seconds, joules, usd, grams_co2;
};

/// Spent from the run's beginning up to and including a round.
struct Cost {
  double seconds = 0;          ///< simulated
  double bytes = 0;            ///< sent by all nodes: a byte on its way counts once
  Maybe bytes_per_device = 0;  ///< sent and received by a device, mean over the devices (the server is none)
  double training_flops = 0;
  Maybe joules = 0, device_joules = 0, usd = 0, grams_co2 = 0;  ///< none if any round up to there lacks the figure
  Maybe wire_bytes = {};                    ///< `bytes` with headers and acknowledgements; none without framing
  Maybe epsilon = {};                       ///< of differential privacy; none without noise
  std::shared_ptr<const Drawn> drawn = {};  ///< of evaluated rounds and the last; null: none
};

/// One evaluation and what had been spent when it was made.
struct CurvePoint {
  EvaluationRecord evaluation;
  Cost cost;
};

/// When a target accuracy was first reached by the global model.
struct TargetCost {
  double accuracy = 0;
  std::optional<CurvePoint> reached;
};

struct RunSummary {
  RunRecord run;
  int rounds_done = 0;
  Cost total;
  std::vector<CurvePoint> curve;    ///< every evaluation, by round
  std::optional<CurvePoint> best;   ///< the first with the highest global accuracy
  std::vector<TargetCost> targets;  ///< of the scenario, ascending
  Maybe delta;                      ///< that belongs to the epsilons
  Maybe mean_split;                 ///< over devices and rounds
  std::optional<CurvePoint> final_point() const {
    return curve.empty() ? std::nullopt : std::optional<CurvePoint>(curve.back());
  }
  bool finished() const { return run.state == "finished"; }
};

/// The scenario's target accuracies, ascending. Throws UserError with the store's file where its text is not numbers in
/// (0, 1].
std::vector<double> targets_of(const MetaMap& meta, const std::string& store_file, const char* key = meta_key::targets);

RunSummary summarise(const StoreReader& store, const RunRecord& run, const std::vector<double>& targets);

/// All runs of a store as the text of summary.json; figures that are not known or not reached are null.
std::string summary_json(const StoreReader& store);

}  // namespace msfusion
