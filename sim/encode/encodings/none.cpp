// 32-bit floats, as they are in memory.
#include <cstring>

#include "sim/encode/coder.hpp"

namespace msfusion::encodings {

namespace {

std::int64_t bytes(const EncodingOptions&, const TensorExtent& extent) {
  return extent.elements() * static_cast<std::int64_t>(sizeof(float));
}

void encode(const TensorCoding& coding, const float* values, const float*, std::byte* message) {
  std::memcpy(message, values, static_cast<std::size_t>(bytes(coding.options, coding.extent)));
}

void decode(const TensorCoding& coding, const std::byte* message, const float*, float* values) {
  std::memcpy(values, message, static_cast<std::size_t>(bytes(coding.options, coding.extent)));
}

}  // namespace

extern const Coder none{bytes, encode, decode};

}  // namespace msfusion::encodings
