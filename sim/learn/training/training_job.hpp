// The input and the result of one local training.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <cstdint>
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
  std::optional<double> last_loss;            ///< the last finite one of an earlier round, for error messages
  std::shared_ptr<std::atomic<bool>> abandoned =
      std::make_shared<std::atomic<bool>>(false);  ///< stop: the result is not needed any more
};

struct Trained {
  TaskId task = 0;
  NodeId device = 0;
  int round = 0;
  int version = 0;
  WidthSlice slice;
  at::Tensor start, values;   ///< flat, of the slice's layout
  std::int64_t samples = 0;   ///< of the device: its weight in a merge
  std::vector<bool> classes;  ///< as in the job
  at::Tensor variate_change;  ///< flat, of the slice's layout: c_i+ - c_i
  double mean_loss = 0;
  double wall_seconds = 0, cpu_seconds = 0;
  double gather_seconds = 0;   ///< the part of cpu_seconds before the first step
  bool was_shortened = false;  ///< to the clip of differential privacy, before it was sent
};

}  // namespace msfusion
