// Linear layers with a gradient, each product on the library that was measured to be fastest for its sizes.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

namespace msfusion {

/// `x` [..., in], `weight` [out, in], `bias` [out] or undefined; all float. The result is [..., out]: x weight' + bias.
/// OpenBLAS multiplies small matrices without packing them; for larger ones oneDNN is faster, up to twice for the few
/// rows of a small batch. The sizes alone decide, so equal sizes give equal bits in every thread that called
/// use_one_thread(). Without oneDNN (or on another device than the CPU) the same through LibTorch.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

/// Layers of equal sizes, one for each of several models: `x` [all rows, in] has the models' rows one after the other,
/// `rows` says how many each has; `weight` [models, out, in] (every model's without gaps), `bias` [models, out] or
/// undefined. The result [all rows, out] and the gradients have the bits that linear() gives each model alone. On the
/// CPU, as can_group_linear() says.
at::Tensor grouped_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::vector<std::int64_t>& rows);

/// Whether this build has grouped_linear().
bool can_group_linear();

}  // namespace msfusion
