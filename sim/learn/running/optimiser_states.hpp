// What optimisers remember between rounds: each device's own, or a mean that travels with the model.
#pragma once

#include <map>
#include <vector>

#include "sim/learn/merging/merge.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/state_file.hpp"

namespace msfusion {

/// In the coordinates of the full model, so that what is remembered of an element waits until it is in a device's slice
/// again; before an element was ever trained it is 0.
class OptimiserStates {
 public:
  explicit OptimiserStates(const RunContext& run) : run_(run) {}  ///< which must outlive it

  bool keeps() const { return run_.training.keeps_state; }

  /// Gives a training what its optimiser goes on from; `unmerged`: the device's last training, if it is not merged yet.
  void equip(TrainingJob& job, const Trained* unmerged) const;

  /// What a device has after a training, whatever became of its messages.
  void remember(const Trained& trained);

  /// A mean of moments by the merge's weights, element by element over the arrivals that trained it; the step count is
  /// the largest of theirs. Only where moments are averaged.
  void merge(const Arrivals& arrivals);

  void save(StateWriter& out) const;
  void restore(StateReader& in);

 private:
  bool averages() const { return run_.setup.method.state == OptimiserState::average; }
  OptimiserMemory widened(const OptimiserMemory& before, const WidthSlice& slice, const OptimiserMemory& part) const;
  OptimiserMemory gathered(const OptimiserMemory& full, const WidthSlice& slice) const;

  const RunContext& run_;
  OptimiserMemory mean_;
  std::map<NodeId, OptimiserMemory> kept_, of_own_;  // of_own_: of models that are a device's own
};

}  // namespace msfusion
