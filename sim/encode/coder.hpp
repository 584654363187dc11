// What each encoding defines: one constant in the file of its name in encodings/.
#pragma once

#include "sim/encode/message.hpp"

namespace msfusion {

/// See message.hpp. `codes` says whether a tensor is worth it; the others travel as floats.
struct Coder {
  std::int64_t (*bytes)(const EncodingOptions&, const TensorExtent&);
  void (*encode)(const TensorCoding&, const float* values, const float* reference, std::byte* message);
  void (*decode)(const TensorCoding&, const std::byte* message, const float* reference, float* values);
  bool (*codes)(const EncodingOptions&, const TensorExtent&) = nullptr;  ///< null: every tensor
};

const Coder& coder_of(EncodingKind kind);

}  // namespace msfusion
