// Multi-head attention with a gradient, head by head on the memory as it lies.
#pragma once

#include <ATen/ATen.h>

namespace msfusion {

/// `q`, `k` [samples, tokens, heads * width], `v` [samples, tokens, heads * depth]; all float. For each head
/// softmax(q k' / divisor) v; together [samples, tokens, heads * depth]. Where `causal`, no token sees a later one.
/// LibTorch's batched product, where MKL is missing, is a call with three views for every sample and head. Where this
/// build has no multiply(), or not on the CPU, the same through LibTorch.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads, double divisor,
                     bool causal);

}  // namespace msfusion
