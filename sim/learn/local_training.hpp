// One device's training of its sub-model in one round: the only loop that runs LibTorch's backward pass.
#pragma once

#include <cstdint>
#include <exception>
#include <vector>

#include "sim/learn/batches.hpp"
#include "sim/learn/layout.hpp"
#include "sim/learn/training_job.hpp"
#include "sim/method/method.hpp"
#include "sim/plan/training_options.hpp"

namespace msfusion {

/// The same for all trainings of a run.
struct TrainingContext {
  const Shape& shape;
  const ParameterLayout& full;
  const Batches& batches;
  const TrainingSpec& training;
  const ObjectiveChoice& objective;
  bool augment = false;
  std::uint64_t seed = 0;
};

/// Order of samples, crops and dropout come from (seed, device, round), so that the result does not depend on when or
/// where it runs. Throws RunError where the loss, a parameter or an activation stops being a finite number, with round,
/// device, layer and last finite loss.
Trained train(const TrainingContext& context, const TrainingJob& job);

/// What became of a job.
struct TrainingResult {
  Trained trained;
  std::exception_ptr error;  ///< what train() would have thrown; then `trained` is not to be used
};

/// Trains jobs of one round, whose slices have equal sizes, as one computation: narrow layers cost more in calls than
/// in multiplications, and one call serves all. The results have the bits that train() gives each job alone, in the
/// order of the jobs; their times are shares of the whole. It stops early only when all jobs are abandoned. More than
/// one job only where can_train_together().
std::vector<TrainingResult> train_together(const TrainingContext& context, const std::vector<TrainingJob>& jobs);

/// Multilayer perceptrons on the CPU: grouped convolutions were measured to be slower than one after the other. Not
/// with a BLAS whose bits depend on where in memory a matrix begins.
bool can_train_together(const TrainingContext& context);

}  // namespace msfusion
