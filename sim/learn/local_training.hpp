// One device's training of its sub-model in one round: the only loop that runs LibTorch's backward pass.
#pragma once

#include <cstdint>

#include "sim/learn/batches.hpp"
#include "sim/learn/layout.hpp"
#include "sim/learn/training_job.hpp"
#include "sim/method/method.hpp"
#include "sim/scenario/scenario.hpp"

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

}  // namespace msfusion
