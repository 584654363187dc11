// What deployed nodes have in common: training on their own samples, as every device does.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "sim/learn/participant.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/training/local_training.hpp"
#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

const Transfer& transfer_of(const RoundPlan& plan, StepId step);
const TrainTask& task_of_step(const RoundPlan& plan, StepId step);

/// Of the full model: the places of a slice, in the order of its layout and without its gaps.
std::vector<std::int64_t> places_of(const SliceMap& map);
std::vector<float> values_at(const std::vector<std::int64_t>& places, const at::Tensor& full);

class TrainingNode : public Participant {
 public:
  TrainingNode(const LearnerSetup& setup, NodeId node);

  void warm_up(const RoundPlan& plan, TaskId id) override;
  TaskOutcome train(const RoundPlan& plan, TaskId id) override;

 protected:
  SliceMap map_of(const WidthSlice& slice) const { return {run_.setup.shape, run_.full, slice}; }

  /// What it trained, tensor after tensor.
  std::vector<float> trained_values() const;

  /// Throws std::logic_error where a payload is not as long as the plan says.
  static void check_bytes(const RoundPlan& plan, StepId step, const Payload& payload);

  const RunContext run_;
  const NodeId node_;
  at::Tensor values_;  ///< flat, of the full model: what a peer knows
  at::Tensor start_;   ///< flat, of the slice's layout: what a client received; undefined: from values_
  Trained trained_;    ///< of this round
  SubModel previous_;  ///< what it trained last, for contrastive losses

 private:
  TrainingJob job_for(const RoundPlan& plan, TaskId id) const;
};

}  // namespace msfusion
