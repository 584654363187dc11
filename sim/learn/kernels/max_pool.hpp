// Max pooling, equally fast at every width.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// The largest value of each window of kernel x kernel positions, `stride` apart, without padding, of `x` [samples,
/// channels, height, width]; float, with gradients. The result is channels_last. NaN propagates. Values equal those of
/// LibTorch's max_pool2d to the last bit, and gradients go to the same positions: to the first of equal values.
/// LibTorch's own kernel walks through each window for every channel and always notes positions; this one compares
/// whole rows of memory. LibTorch's kernel is used where it is faster, on other devices than the CPU, and for other
/// types.
at::Tensor max_pool(const at::Tensor& x, std::int64_t kernel, std::int64_t stride);

}  // namespace msfusion
