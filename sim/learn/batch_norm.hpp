// Batch norm with the batch's own statistics, together with the ReLU behind it, at the same speed for every width.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

enum class AfterNorm { nothing, relu };

/// relu((x - mean) / sqrt(variance + epsilon) * weight + bias) over samples and positions of each channel, with
/// gradients (Ioffe and Szegedy 2015). `x` [samples, channels, height, width], `weight` and `bias` [channels]; float.
/// The result is channels_last. LibTorch's own channels_last kernel is several times slower where no vector register
/// divides the number of channels, as it seldom does that of a slice; this one works on whole rows of memory. Not on
/// the CPU, or not float: the same through LibTorch. Not-a-numbers pass.
at::Tensor batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon,
                      AfterNorm after);

}  // namespace msfusion
