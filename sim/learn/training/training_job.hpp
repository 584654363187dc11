// The input and the result of one local training.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "sim/learn/training/slice_map.hpp"
#include "sim/plan/round_plan.hpp"

namespace msfusion {

/// The values of a sub-model that is no longer trained.
struct SubModel {
  WidthSlice slice;
  at::Tensor values;  ///< flat, of the slice's layout
  bool exists() const { return values.defined(); }
};

/// What an optimiser remembers: SGD with momentum one tensor, Adam two. Flat, of the slice's layout or of full size.
struct OptimiserMemory {
  std::vector<at::Tensor> moments;  ///< none: it has taken no step
  std::int64_t steps = 0;
};

/// The tensors are shared and never written to.
struct TrainingJob {
  TrainTask task;
  int round = 0;
  int version = 0;    ///< merges done when it started
  at::Tensor source;  ///< flat, full size: the slice is gathered from it
  at::Tensor start;   ///< flat, of the slice's layout: already gathered, instead of `source`
  const std::vector<std::int32_t>* samples = nullptr;
  std::vector<bool> classes;                  ///< per class: the device has it; for masking objectives
  std::vector<SubModel> negatives;            ///< contrastive objectives
  at::Tensor variate_server, variate_device;  ///< flat, full size; control variates, and FedDyn's h_k
  at::Tensor anchor;  ///< flat, of the slice's layout: what a proximal term pulls to; undefined: the start
  at::Tensor own;     ///< flat, full size: the device's own model, which is trained beside; undefined: it has none
  OptimiserMemory state, own_state;  ///< to go on from; of the model, and of the device's own one
  std::optional<double> last_loss;   ///< the last finite one of an earlier round, for error messages
  std::shared_ptr<std::atomic<bool>> abandoned =
      std::make_shared<std::atomic<bool>>(false);  ///< stop: the result is not needed any more
};

struct Trained {
  TaskId task = 0;
  NodeId device = 0;
  int round = 0;
  int version = 0;
  WidthSlice slice;
  at::Tensor start, values;          ///< flat, of the slice's layout
  std::int64_t samples = 0;          ///< of the device: its weight in a merge
  std::vector<bool> classes;         ///< as in the job
  at::Tensor variate_change;         ///< flat, of the slice's layout: c_i+ - c_i
  at::Tensor own;                    ///< flat, of the slice's layout: the device's own model
  OptimiserMemory state, own_state;  ///< where the run keeps them
  double mean_loss = 0;
  double sample_loss = std::numeric_limits<double>::quiet_NaN();  ///< see TaskOutcome
  double wall_seconds = 0, cpu_seconds = 0;
  double gather_seconds = 0;   ///< the part of cpu_seconds before the first step
  bool was_shortened = false;  ///< to the clip of differential privacy, before it was sent
};

}  // namespace msfusion
