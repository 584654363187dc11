// Linear layers with a gradient, each product on the library that was measured to be fastest for its sizes.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// `x` [..., in], `weight` [out, in], `bias` [out] or undefined; all float. The result is [..., out]: x weight' + bias.
/// OpenBLAS multiplies small matrices without packing them; for larger ones oneDNN is faster, up to twice for the few
/// rows of a small batch. The sizes alone decide, so equal sizes give equal bits in every thread that called
/// use_one_thread(). Without oneDNN (or on another device than the CPU) the same through LibTorch.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace msfusion
