// Linear layers with a gradient.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace msfusion {

/// `x` [..., in], `weight` [out, in], `bias` [out] or undefined; all float. The result is [..., out]: x weight' + bias.
/// By multiply(); where this build has none, or not on the CPU, the same through LibTorch.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// Layers of equal sizes, one for each of several models: `x` [all rows, in] has the models' rows one after the other,
/// `rows` says how many each has, at least one; `weight` [models, out, in] (every model's without gaps), `bias`
/// [models, out] or undefined. The result [all rows, out] and the gradients have the bits that linear() gives each
/// model alone. On the CPU, where can_multiply().
at::Tensor grouped_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::vector<std::int64_t>& rows);

}  // namespace msfusion
