// EF-SIGN (Karimireddy et al. 2019): the signs of the update, and its mean magnitude: D = sum |u| / n sign(u), where
// the sign of 0 is +1.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "sim/base/vectorised.hpp"
#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"

namespace msfusion::encodings {

namespace {

constexpr std::int64_t kLanes = 8;

std::int64_t bytes(const EncodingOptions&, const TensorExtent& extent) {
  return ceil_divide(extent.elements(), 8) + static_cast<std::int64_t>(sizeof(float));
}

MSFUSION_VECTORISED float mean_magnitude(const float* values, const float* reference, std::int64_t count) {
  double sums[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const float u = values[i + lane] - reference[i + lane];
      sums[lane] += static_cast<double>(std::abs(u));
    }
  for (; i < count; ++i) {
    const float u = values[i] - reference[i];
    sums[0] += static_cast<double>(std::abs(u));
  }
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return static_cast<float>(sum / static_cast<double>(count));
}

// Signs travel eight in a byte, the first in its lowest bit. Between, each has a byte of its own.
constexpr std::int64_t kBlock = 1024;
using Flags = std::array<std::uint8_t, kBlock>;

MSFUSION_VECTORISED void find_signs(const float* values, const float* reference, std::uint8_t* flags,
                                    std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) flags[i] = static_cast<std::uint8_t>(values[i] - reference[i] >= 0);
}

// Bytes of 0 or 1: the product brings that of place j to bit j of the highest byte.
std::byte packed(const std::uint8_t* eight) {
  std::uint64_t flags;
  std::memcpy(&flags, eight, sizeof flags);
  return static_cast<std::byte>(flags * 0x0102040810204080U >> 56);
}

// Bytes of 0 or 128: bit j of each copy of the byte stays in place j, and carries to the highest bit.
void unpack(std::byte eight, std::uint8_t* flags) {
  const std::uint64_t copies = static_cast<std::uint64_t>(eight) * 0x0101010101010101U;
  const std::uint64_t bits = ((copies & 0x8040201008040201U) + 0x7f7f7f7f7f7f7f7fU) & 0x8080808080808080U;
  std::memcpy(flags, &bits, sizeof bits);
}

MSFUSION_VECTORISED void add_signs(const std::uint8_t* flags, const float* reference, float scale, float* values,
                                   std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = reference[i] + (flags[i] != 0 ? scale : -scale);
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  const std::int64_t n = coding.extent.elements();
  put(message, mean_magnitude(values, reference, n));
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t count = std::min(kBlock, n - first);
    Flags flags{};
    find_signs(values + first, reference + first, flags.data(), count);
    for (std::int64_t i = 0; i < count; i += 8) *message++ = packed(flags.data() + i);
  }
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  const std::int64_t n = coding.extent.elements();
  const auto scale = get<float>(message);
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t count = std::min(kBlock, n - first);
    Flags flags;
    for (std::int64_t i = 0; i < count; i += 8) unpack(*message++, flags.data() + i);
    add_signs(flags.data(), reference + first, scale, values + first, count);
  }
}

}  // namespace

extern const Coder sign{bytes, encode, decode};

}  // namespace msfusion::encodings
