// Linear layers with a gradient.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace msfusion {

/// `x` [..., in], `weight` [out, in], `bias` [out] or undefined; all float. The result is [..., out]: x weight' + bias.
/// Uses multiply(); builds without it, and other devices than the CPU, use LibTorch's kernel.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// One layer of each of several models, of equal sizes. `x` [all rows, in] holds the models' rows one after the other;
/// `rows` says how many each has, at least one; `weight` [models, out, in], without gaps within a model; `bias`
/// [models, out] or undefined. The result [all rows, out] and the gradients have the bits that linear() gives each
/// model alone. Only on the CPU and where can_multiply().
at::Tensor grouped_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::vector<std::int64_t>& rows);

}  // namespace msfusion
