// A slice of the model as a message of bytes, tensor after tensor, and back.
#pragma once

#include <ATen/ATen.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/encode/message.hpp"
#include "sim/learn/running/run_context.hpp"

namespace msfusion {

using MessageBytes = std::vector<std::byte>;

/// What both ends know of a message. The references must outlive it.
struct SliceMessage {
  const RunContext& run;
  const EncodingOptions& options;
  const WidthSlice& slice;
  at::Tensor reference;  ///< flat, of the slice's layout; for encodings of updates
  int round = 0;
  int task = 0;
  std::vector<std::vector<float>>* kept = nullptr;  ///< by the sender, per tensor; null: nothing
};

/// The server's messages draw nothing: their task.
constexpr int kServerMessage = -1;

/// `values` are flat, of the slice's layout.
MessageBytes encoded(const SliceMessage& message, const at::Tensor& values);
at::Tensor decoded(const SliceMessage& message, const MessageBytes& bytes);

/// Puts `sent` in the place of decoded values where the message has none: in tensors that nobody sends.
void keep_unsent(const Shape& shape, const ParameterLayout& layout, const at::Tensor& sent, at::Tensor& values);

/// What is sent of a message when its receiver needs only some elements: `places` in the full model, those of a tensor
/// together. For encodings of values.
MessageBytes cut(const SliceMessage& message, const MessageBytes& bytes, const std::vector<std::int64_t>& places);
std::vector<float> decoded_cut(const RunContext& run, const EncodingOptions& options, const MessageBytes& bytes,
                               const std::vector<std::int64_t>& places);

}  // namespace msfusion
