// Max pooling, at the same speed for every width.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// The largest value of each window of kernel x kernel positions, `stride` apart, without padding, of `x` [samples,
/// channels, height, width]; float, with gradients. The result is channels_last. Not-a-numbers pass. The same values as
/// LibTorch's max_pool2d to the last bit, and gradients to the same positions: of equal values, the first. LibTorch's
/// own kernel walks through each window for every channel, and always notes positions; this one compares whole rows of
/// memory. LibTorch's where it is faster, not on the CPU, or not float.
at::Tensor max_pool(const at::Tensor& x, std::int64_t kernel, std::int64_t stride);

}  // namespace msfusion
