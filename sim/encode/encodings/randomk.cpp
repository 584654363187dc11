// The values at positions that both ends draw from the round; elsewhere the receiver keeps the reference. Without error
// feedback it enlarges what it receives, so that the update is right in the mean.
#include <cstring>

#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"
#include "sim/encode/positions.hpp"

namespace msfusion::encodings {

namespace {

std::int64_t bytes(const EncodingOptions& options, const TensorExtent& extent) {
  return kept_elements(options.ratio, extent.elements()) * static_cast<std::int64_t>(sizeof(float));
}

Positions positions_of(const TensorCoding& coding) {
  const std::int64_t n = coding.extent.elements();
  return random_positions(coding.shared_seed, n, kept_elements(coding.options.ratio, n));
}

void encode(const TensorCoding& coding, const float* values, const float*, std::byte* message) {
  for (const std::uint32_t place : positions_of(coding)) put(message, values[place]);
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  const std::int64_t n = coding.extent.elements(), k = kept_elements(coding.options.ratio, n);
  if (values != reference) std::memcpy(values, reference, static_cast<std::size_t>(n) * sizeof(float));
  const bool enlarges = !feeds_back(coding.options) && k < n;
  const float factor = static_cast<float>(static_cast<double>(n) / static_cast<double>(k));
  for (const std::uint32_t place : positions_of(coding)) {
    const auto value = get<float>(message);
    values[place] = enlarges ? values[place] + factor * (value - values[place]) : value;
  }
}

}  // namespace

extern const Coder randomk{bytes, encode, decode};

}  // namespace msfusion::encodings
