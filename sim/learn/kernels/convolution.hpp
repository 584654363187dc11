// Two-dimensional convolution with a gradient, straight on oneDNN: its primitives are kept from call to call, and 3x3
// kernels use Winograd's algorithm where that was measured to win.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace msfusion {

/// `x` [samples, in, height, width], `weight` [out, in, kh, kw], `bias` [out] or undefined; all float. The result is
/// channels_last, and so are the gradients. The sizes alone decide which algorithm runs, so equal sizes give equal bits
/// in every thread that called use_one_thread(). Builds without oneDNN, and other devices than the CPU, use LibTorch's
/// kernel.
at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, std::int64_t stride,
                       std::int64_t padding);

/// What the last bits depend on: "oneDNN 2.6.3 with Winograd" or "LibTorch's".
std::string convolution_description();

}  // namespace msfusion
