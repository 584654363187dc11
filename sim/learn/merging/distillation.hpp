// Distillation: trains a whole model on other models' predictions for unlabelled samples.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "sim/learn/merging/merge.hpp"

namespace msfusion {

/// The unlabelled open set: `count` training samples that no device holds, drawn by the run's seed, ascending. Throws
/// RunError if there are too few.
std::vector<std::int32_t> open_samples(const MergeContext& context);

/// The model's logits for the samples, [samples, classes]; `model` is flat and whole.
at::Tensor predict(const MergeContext& context, const at::Tensor& model, const std::vector<std::int32_t>& samples);

/// Minimises the cross-entropy to the soft targets [samples, classes] (whose gradient is that of the KL divergence)
/// with the scenario's optimiser and rate, for `steps` batches (0: one epoch), and returns the new model.
at::Tensor distil(const MergeContext& context, const at::Tensor& model, const std::vector<std::int32_t>& samples,
                  const at::Tensor& targets, int steps, NodeId node, int round);

}  // namespace msfusion
