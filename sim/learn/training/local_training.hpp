// One device's training of its sub-model in one round: the only loop that runs LibTorch's backward pass.
#pragma once

#include <cstdint>
#include <exception>
#include <vector>

#include "sim/learn/training/batches.hpp"
#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/training_job.hpp"
#include "sim/method/method.hpp"
#include "sim/plan/training_options.hpp"

namespace msfusion {

/// What all trainings of a run share.
struct TrainingContext {
  const Shape& shape;
  const ParameterLayout& full;
  const Batches& batches;
  const TrainingOptions& training;
  const ObjectiveChoice& objective;
  bool augment = false;
  std::uint64_t seed = 0;
  bool keeps_state = false;    ///< results have what the optimiser remembers
  bool sample_losses = false;  ///< trainings report the losses of their first epoch's samples
  NestedChoice nested = {};    ///< steps train narrower sub-models
};

/// The order of samples, crops and dropout derive from (seed, device, round), so that the result does not depend on
/// when or where it runs. Throws RunError, with round, device, layer and last finite loss, when the loss, a parameter
/// or an activation is no longer finite.
Trained train(const TrainingContext& context, const TrainingJob& job);

/// The outcome of a job.
struct TrainingResult {
  Trained trained;
  std::exception_ptr error;  ///< what train() would have thrown; `trained` must not be used then
};

/// Trains jobs of one round whose slices have equal sizes as one computation: calls cost more than multiplications in
/// narrow layers, and one call serves all jobs. Results are in the order of the jobs and have the bits that train()
/// gives each job alone; their times are shares of the whole. It stops early only when all jobs are abandoned. More
/// than one job needs can_train_together().
std::vector<TrainingResult> train_together(const TrainingContext& context, const std::vector<TrainingJob>& jobs);

/// True for multilayer perceptrons on the CPU: grouped convolutions measured slower than one after the other. False
/// with a BLAS whose results depend on where in memory a matrix begins.
bool can_train_together(const TrainingContext& context);

}  // namespace msfusion
