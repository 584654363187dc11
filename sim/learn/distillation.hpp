// Teaching a whole model what others predict on unlabelled samples.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "sim/learn/merge.hpp"

namespace msfusion {

/// The unlabelled open set: `count` training samples that no device holds, drawn by the run's seed, ascending. Throws
/// RunError if there are not as many.
std::vector<std::int32_t> open_samples(const MergeContext& context);

/// The model's logits on all the samples, [samples, classes]; `model` is flat, of the whole model.
at::Tensor predict(const MergeContext& context, const at::Tensor& model, const std::vector<std::int32_t>& samples);

/// Minimises the cross-entropy to the soft targets [samples, classes] (its gradient is KL's) with the scenario's
/// optimiser and rate, for `steps` batches (0: one epoch), and returns the new model.
at::Tensor distil(const MergeContext& context, const at::Tensor& model, const std::vector<std::int32_t>& samples,
                  const at::Tensor& targets, int steps, NodeId node, int round);

}  // namespace msfusion
