// What a device's training of a slice costs under a method: samples, work, memory, bytes.
#pragma once

#include <map>
#include <vector>

#include "sim/method/planner_setup.hpp"
#include "sim/plan/local_work.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

/// The training that a round asks of a device with that many samples: epochs or steps with a partial last batch.
LocalTraining local_training(const TrainingOptions& training, std::int64_t samples);

class TaskCosts {
 public:
  explicit TaskCosts(const PlannerSetup& setup);  ///< which must outlive it

  const SliceCost& cost_of(const WidthSlice& slice);

  /// As the device trains now, and as it does when the objective has all its frozen models.
  LocalTraining training_of(NodeId device) const;
  LocalTraining largest_training_of(NodeId device) const;

  /// A task with an id of its own.
  TrainTask task(NodeId device, double split, WidthSlice slice);

  double work_flops(const TrainTask& task, NodeId node);  ///< of the task's training, as the node's speed divides it
  double model_bytes(const TrainTask& task);              ///< of the slice and of what the merge sends along

  void mark_trained(NodeId device) { has_trained_[static_cast<std::size_t>(device)] = true; }

 private:
  const PlannerSetup& setup_;
  std::map<std::vector<int>, SliceCost> costs_;  // by the lengths of the slice's index sets
  std::vector<bool> has_trained_;                // so that a contrastive loss has something to compare with
  TaskId next_task_ = 0;
};

}  // namespace msfusion
