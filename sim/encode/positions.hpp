// Some of a tensor's elements: which they are, and how a message says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace msfusion {

using Positions = std::vector<std::uint32_t>;  ///< ascending

/// max(1, ceil(ratio * elements)); exact where the product is a whole number up to rounding noise.
std::int64_t kept_elements(double ratio, std::int64_t elements);

/// `count` of `elements` positions, all sets alike likely.
Positions random_positions(std::uint64_t seed, std::int64_t elements, std::int64_t count);

/// The `count` positions where |values - reference| is largest; of equal ones the lower.
Positions largest_positions(const float* values, const float* reference, std::int64_t elements, std::int64_t count);

/// As 32 bits each, or as a bit for each element, whichever is less: count and elements decide.
std::int64_t position_bytes(std::int64_t elements, std::int64_t count);
void put_positions(std::byte*& message, const Positions& positions, std::int64_t elements);
Positions get_positions(const std::byte*& message, std::int64_t elements, std::int64_t count);

}  // namespace msfusion
