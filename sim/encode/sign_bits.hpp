// Signs as bits: eight in a byte, the first in its lowest bit; the sign of 0 is +1.
#pragma once

#include <cstddef>
#include <cstdint>

namespace msfusion {

/// Of values - reference; writes (count + 7) / 8 bytes.
void write_signs(const float* values, const float* reference, std::int64_t count, std::byte* message);

/// values = reference + scale * sign.
void add_signs(const std::byte* message, const float* reference, float scale, float* values, std::int64_t count);

}  // namespace msfusion
