// A server that takes the majority of the devices' signs, element by element (signSGD).
#pragma once

#include <vector>

#include "sim/learn/running/slice_message.hpp"
#include "sim/learn/training/training_job.hpp"

namespace msfusion {

struct Decision {
  Trained model;  ///< the next one, as one whole model in place of the arrivals
  /// As devices are told it, flat, full size: +1 or -1 where tensors are coded, the model's values elsewhere.
  at::Tensor told;
};

/// An element moves by the vote's step in the direction of most of those that hold it; a tie is +1. Tensors that are
/// not coded become the weighted mean. `messages` are those of the arrivals.
Decision majority(const RunContext& run, const std::vector<const Trained*>& arrivals,
                  const std::vector<MessageBytes>& messages, const at::Tensor& current);

}  // namespace msfusion
