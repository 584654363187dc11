// IEEE 754 half precision, rounded to the nearest even; what is larger than 65504 becomes 65504.
#include <algorithm>
#include <cstring>

#include "sim/base/vectorised.hpp"
#include "sim/encode/coder.hpp"

namespace msfusion::encodings {

namespace {

constexpr std::uint32_t kSign = 0x80000000U;
constexpr std::uint32_t kLargest = 0x477fe000U;        // 65504
constexpr std::uint32_t kLeastNormal = 0x38800000U;    // 2^-14
constexpr std::uint32_t kExponentChange = 112U << 23;  // between the biases 127 and 15
constexpr int kDropped = 13;                           // bits of the fraction

std::int64_t bytes(const EncodingOptions&, const TensorExtent& extent) {
  return 2 * extent.elements();
}

std::uint32_t bits_of(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

float float_of(std::uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::uint16_t half_of(float value) {
  const std::uint32_t bits = bits_of(value), sign = bits & kSign, magnitude = std::min(bits ^ sign, kLargest);
  const std::uint32_t odd = magnitude >> kDropped & 1;
  const std::uint32_t normal = (magnitude - kExponentChange + 0xfffU + odd) >> kDropped;
  // Adding 1/2 moves the bits of a subnormal half to the end of the fraction, and rounds it.
  const std::uint32_t subnormal = bits_of(float_of(std::min(magnitude, kLeastNormal)) + 0.5F) - bits_of(0.5F);
  return static_cast<std::uint16_t>((magnitude < kLeastNormal ? subnormal : normal) | sign >> 16);
}

float float_of_half(std::uint16_t half) {
  const std::uint32_t magnitude = half & 0x7fffU, sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const float normal = float_of((magnitude << kDropped) + kExponentChange);
  constexpr float kUnit = 1.0F / (1 << 24);
  const float subnormal = static_cast<float>(static_cast<std::int32_t>(magnitude)) * kUnit;
  return float_of(bits_of(magnitude < 0x400U ? subnormal : normal) | sign);
}

MSFUSION_VECTORISED void to_halves(const float* values, std::byte* message, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const std::uint16_t half = half_of(values[i]);
    std::memcpy(message + 2 * i, &half, sizeof half);
  }
}

MSFUSION_VECTORISED void from_halves(const std::byte* message, float* values, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    std::uint16_t half;
    std::memcpy(&half, message + 2 * i, sizeof half);
    values[i] = float_of_half(half);
  }
}

void encode(const TensorCoding& coding, const float* values, const float*, std::byte* message) {
  to_halves(values, message, coding.extent.elements());
}

void decode(const TensorCoding& coding, const std::byte* message, const float*, float* values) {
  from_halves(message, values, coding.extent.elements());
}

}  // namespace

extern const Coder fp16{bytes, encode, decode};

}  // namespace msfusion::encodings
