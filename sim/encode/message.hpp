// A message of parameters as bytes, tensor by tensor. What a plan charges, what learning decodes and what deployed
// nodes send all come from here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/encode/encoding.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// A tensor as a matrix, its outputs in the rows. Elements are in the order in which the sender has them.
struct TensorExtent {
  std::int64_t rows = 1, columns = 1;
  bool is_vector = false;  ///< it has one dimension
  bool is_sent = true;     ///< false: both ends have it, because nobody trains it
  std::int64_t elements() const { return rows * columns; }
};

/// Those of a slice, in the order of the shape's tensors.
std::vector<TensorExtent> tensor_extents(const Shape& shape, const WidthSlice& slice);

/// One tensor of one message.
struct TensorCoding {
  const EncodingOptions& options;
  TensorExtent extent;
  std::uint64_t seed = 0;              ///< of the sender's own draws
  std::uint64_t shared_seed = 0;       ///< of the draws that both ends make
  std::vector<float>* kept = nullptr;  ///< what the sender remembers from its last message; null: nothing
};

/// Bytes of the tensor in a message: exactly what encode() writes and decode() reads.
std::int64_t encoded_bytes(const EncodingOptions& options, const TensorExtent& extent);

/// Writes encoded_bytes() from the tensor's values. Encodings of updates need the reference, the others ignore it.
void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message);

/// The values that the receiver has then; `values` may be `reference`.
void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values);

/// Writes the message of some elements of a tensor, in that order, from the message of all: every receiver decodes the
/// same value of an element. For encodings of values; encoded_bytes() of as many elements.
void cut(const EncodingOptions& options, const TensorExtent& extent, const std::byte* message,
         const std::vector<std::int64_t>& elements, std::byte* part);

/// Of all tensors of a slice.
std::int64_t message_bytes(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice);

/// Of the elements that two slices have in common, for encodings of values.
std::int64_t shared_message_bytes(const EncodingOptions& options, const Shape& shape, const WidthSlice& a,
                                  const WidthSlice& b);

/// Elements of which a message may leave something out: what error feedback remembers.
std::int64_t fed_back_elements(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice);

/// What a sender keeps from one message to the next: residuals, and PowerSGD's factors.
std::int64_t kept_bytes(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice);

/// What coding costs a device in a round: bytes that it reads and writes, and multiplications of matrices.
struct CodingWork {
  double bytes = 0;
  double flops = 0;
};
CodingWork encoding_work(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice);
CodingWork decoding_work(const EncodingOptions& options, const Shape& shape, const WidthSlice& slice);

/// Both seeds of a tensor: the sender's draws belong to its training `task`, those that both ends make to the round.
TensorCoding tensor_coding(const EncodingOptions& options, const TensorExtent& extent, std::uint64_t run_seed,
                           int round, int task, int tensor);

}  // namespace msfusion
