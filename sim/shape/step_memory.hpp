// What a training step holds in memory besides its models, followed through forward and backward pass.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// Parameters, activations and gradients are single-precision numbers, in memory and in messages.
constexpr int kFloatBytes = 4;

/// What is held at one moment of a step.
struct HeldBytes {
  std::int64_t per_sample = 0;  ///< the sample itself, activations, and what flows back through them
  std::int64_t per_step = 0;    ///< gradients of parameters
};

/// The moments at which a step may hold most, whatever the batch: no other holds more of both.
using Moments = std::vector<HeldBytes>;

struct StepMemory {
  Moments apart;     ///< each tensor's gradient stays where it arose until the update
  Moments gathered;  ///< each is added to a buffer of all gradients, which is not counted here
  Moments frozen;    ///< those of a frozen model's forward pass, between the forward and the backward pass
};

/// What follows a model's last layer: the loss of its logits, or the rest of the network on another node.
enum class LastLayer { logits, hidden };

/// As the learning room carries a step out: a result is held until its last reader has run or, if longer, until the
/// backward passes that need it. Counts tensors, not the workspace of a library's kernels.
StepMemory step_memory(const Shape& shape, const WidthSlice& slice, LastLayer last = LastLayer::logits);

/// Per layer: whether it is a ReLU that overwrites its input. No other layer reads that input, and the backward pass of
/// the layer that computed it does not need it.
std::vector<bool> overwriting_relus(const Shape& shape);

/// Per layer: the last one that reads its result; the number of layers for the model's own result.
std::vector<int> last_readers(const Shape& shape);

}  // namespace msfusion
