// What goes into one local training, and what comes out of it.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/learn/slice_map.hpp"
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
  at::Tensor start;   ///< flat, of the slice's layout: gathered already, instead of `source`
  const std::vector<std::int32_t>* samples = nullptr;
  std::vector<bool> classes;                  ///< per class: the device has it; only where the objective masks
  std::vector<SubModel> negatives;            ///< contrastive objectives
  at::Tensor variate_server, variate_device;  ///< flat, full size; control variates only
  std::optional<double> last_loss;            ///< finite, of an earlier round: for the message of one that is not
  std::shared_ptr<std::atomic<bool>> abandoned =
      std::make_shared<std::atomic<bool>>(false);  ///< stop: nobody waits for it
};

struct Trained {
  TaskId task = 0;
  NodeId device = 0;
  int round = 0;
  int version = 0;
  WidthSlice slice;
  at::Tensor start, values;   ///< flat, of the slice's layout
  std::int64_t samples = 0;   ///< that the device holds: its weight
  std::vector<bool> classes;  ///< as in the job
  at::Tensor variate_change;  ///< flat, of the slice's layout: c_i+ - c_i
  double mean_loss = 0;
  double wall_seconds = 0, cpu_seconds = 0;
  double gather_seconds = 0;  ///< of cpu_seconds, those before the first step
};

}  // namespace msfusion
