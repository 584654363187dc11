// Random numbers by their place in a tensor: a loop over them can be vectorised, and none depends on another.
#pragma once

#include <cstdint>

namespace msfusion {

struct Draws {
  explicit Draws(std::uint64_t seed)
      : low(static_cast<std::uint32_t>(seed)), high(static_cast<std::uint32_t>(seed >> 32)) {}

  /// 32 random bits for each place: a finaliser of multiplications and shifts, keyed in its middle.
  std::uint32_t bits(std::uint32_t place) const {
    std::uint32_t x = place * 0x9e3779b9U + low;
    x ^= x >> 16;
    x *= 0x21f0aaadU;
    x ^= (x >> 15) ^ high;
    x *= 0x735a2d97U;
    return x ^ x >> 15;
  }

  /// Uniform in [0, 1), a multiple of 2^-24.
  float uniform(std::uint32_t place) const {
    constexpr float kStep = 1.0F / (1 << 24);
    return static_cast<float>(static_cast<std::int32_t>(bits(place) >> 8)) * kStep;
  }

  std::uint32_t low, high;
};

}  // namespace msfusion
