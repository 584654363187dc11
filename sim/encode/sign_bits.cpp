#include "sim/encode/sign_bits.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "sim/base/vectorised.hpp"

namespace msfusion {

namespace {

// On the way to bits each sign has a byte of its own.
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

MSFUSION_VECTORISED void add_flags(const std::uint8_t* flags, const float* reference, float scale, float* values,
                                   std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) values[i] = reference[i] + (flags[i] != 0 ? scale : -scale);
}

}  // namespace

void write_signs(const float* values, const float* reference, std::int64_t count, std::byte* message) {
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t now = std::min(kBlock, count - first);
    Flags flags{};
    find_signs(values + first, reference + first, flags.data(), now);
    for (std::int64_t i = 0; i < now; i += 8) *message++ = packed(flags.data() + i);
  }
}

void add_signs(const std::byte* message, const float* reference, float scale, float* values, std::int64_t count) {
  for (std::int64_t first = 0; first < count; first += kBlock) {
    const std::int64_t now = std::min(kBlock, count - first);
    Flags flags;
    for (std::int64_t i = 0; i < now; i += 8) unpack(*message++, flags.data() + i);
    add_flags(flags.data(), reference + first, scale, values + first, now);
  }
}

}  // namespace msfusion
