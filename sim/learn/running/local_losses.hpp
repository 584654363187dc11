// What devices that do not train report of a model: its mean loss on samples of theirs.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "sim/learn/running/pool.hpp"
#include "sim/learn/running/run_context.hpp"

namespace msfusion {

struct LossJob {
  WidthSlice slice;
  at::Tensor values;  ///< flat, of the slice's layout
  std::vector<std::int32_t> samples;
};

/// In the order of the jobs; NaN where there are no samples. Batch norms use the batch's statistics, as in training.
std::vector<double> local_losses(const RunContext& run, Pool& pool, const std::vector<LossJob>& jobs);

/// As many of a device's samples as a batch has, drawn for a round.
std::vector<std::int32_t> one_batch(const RunContext& run, NodeId device, int round);

}  // namespace msfusion
