// The upper 16 bits of a float, rounded to the nearest even.
#include <cstring>

#include "sim/base/vectorised.hpp"
#include "sim/encode/coder.hpp"

namespace msfusion::encodings {

namespace {

std::int64_t bytes(const EncodingOptions&, const TensorExtent& extent) {
  return 2 * extent.elements();
}

MSFUSION_VECTORISED void narrow(const float* values, std::byte* message, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint32_t bits;
    std::memcpy(&bits, values + i, sizeof bits);
    const auto upper = static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
    std::memcpy(message + 2 * i, &upper, sizeof upper);
  }
}

MSFUSION_VECTORISED void widen(const std::byte* message, float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint16_t upper;
    std::memcpy(&upper, message + 2 * i, sizeof upper);
    const std::uint32_t bits = static_cast<std::uint32_t>(upper) << 16;
    std::memcpy(values + i, &bits, sizeof bits);
  }
}

void encode(const TensorCoding& coding, const float* values, const float*, std::byte* message) {
  narrow(values, message, coding.extent.elements());
}

void decode(const TensorCoding& coding, const std::byte* message, const float*, float* values) {
  widen(message, values, coding.extent.elements());
}

}  // namespace

extern const Coder bf16{bytes, encode, decode};

}  // namespace msfusion::encodings
