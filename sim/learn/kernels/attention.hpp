// Multi-head attention with a gradient, computed head by head without rearranging memory.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// `q`, `k` [samples, tokens, heads * width], `v` [samples, tokens, heads * depth]; all float. Returns
/// softmax(q k' / divisor) v of each head, [samples, tokens, heads * depth]. With `causal` no token sees a later one.
/// LibTorch's batched product without MKL makes a call with three views per sample and head. Builds without
/// multiply(), and other devices than the CPU, use LibTorch's operations.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads, double divisor,
                     bool causal);

}  // namespace msfusion
