// The part of a run that says how sure its times and costs are.
#pragma once

#include <optional>
#include <set>

#include "sim/experiment/redraws.hpp"
#include "sim/experiment/run_loop.hpp"

namespace msfusion {

/// Does nothing where the platform states no uncertainty, or no draws are asked for. A run on one of the drawn fleets
/// makes the timing take that fleet's figures, and has no intervals.
class DrawnRun {
 public:
  /// Before the timing has carried out anything, and before threads start.
  DrawnRun(Timing& timing, const RunInputs& inputs, const RunOptions& options);

  /// The plan that was executed last is the run's next round.
  void add(const RoundPlan& plan, const std::vector<bool>& participants, std::size_t delivered);

  void note_evaluation(int round) { evaluated_.insert(round); }

  /// What the platform states, as a fact about the results.
  void describe(StoreWriter& store) const;
  /// Times all rounds on the drawn fleets. What goes wrong there is a warning: the results are complete without.
  void write(StoreWriter& store);

 private:
  Timing& timing_;
  const RunInputs& inputs_;
  ObservationInputs observation_;
  std::optional<Redraws> redraws_;
  bool closes_early_ = false;
  std::set<int> evaluated_;
};

}  // namespace msfusion
