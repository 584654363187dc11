// Depthwise convolution: every channel with a kernel of its own.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// `x` [samples, channels, height, width], `weight` [channels, 1, k, k], `bias` [channels] or undefined; float, with
/// gradients. The result is channels_last, and so is the gradient of x. LibTorch's kernel for one thread goes channel
/// by channel; this one works on all channels of a position, which are neighbours in memory. LibTorch's is used on
/// other devices than the CPU and for other types.
at::Tensor depthwise_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                 std::int64_t stride, std::int64_t padding);

}  // namespace msfusion
