// Batch norm with the batch's own statistics, fused with the ReLU behind it, equally fast at every width.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

enum class AfterNorm { nothing, relu };

/// relu((x - mean) / sqrt(variance + epsilon) * weight + bias) over samples and positions of each channel, with
/// gradients (Ioffe and Szegedy 2015). `x` [samples, channels, height, width], `weight` and `bias` [channels]; float.
/// The result is channels_last. LibTorch's own channels_last kernel is several times slower where the number of
/// channels is no multiple of a vector register, and that of a slice seldom is; this one works on whole rows of memory.
/// Other devices than the CPU and other types use LibTorch's kernel. NaN propagates.
at::Tensor batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon,
                      AfterNorm after);

}  // namespace msfusion
