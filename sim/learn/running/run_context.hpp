// What all trainings of a run share, made once from its setup.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/learn/learner.hpp"
#include "sim/learn/merging/merge.hpp"
#include "sim/learn/training/batches.hpp"
#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/local_training.hpp"

namespace msfusion {

struct RunContext {
  /// Prepares the process for LibTorch as well.
  explicit RunContext(const LearnerSetup& of);
  RunContext(const RunContext&) = delete;
  RunContext& operator=(const RunContext&) = delete;

  NodeId devices() const { return static_cast<NodeId>(setup.parts.samples.size()); }

  /// What a device trains on: its own samples, or everybody's where one node has all the data.
  const std::vector<std::int32_t>& samples_of(NodeId device) const;

  /// Per class: the device has a sample of it.
  std::vector<bool> classes_of(NodeId device) const;

  /// Flat, full size: what training begins with.
  at::Tensor initial_model() const;

  /// By the method's merge. The context and the pool must outlive it.
  std::unique_ptr<ModelState> model_state(Pool& pool) const;

  const LearnerSetup setup;
  const ParameterLayout full;
  const Batches batches;
  const std::vector<std::int32_t> held_samples;  ///< those of all devices, ascending
  const TrainingContext training;
  const ObjectiveChoice own_objective;
  const std::optional<TrainingContext> own_training;  ///< of models that are a device's own
};

}  // namespace msfusion
