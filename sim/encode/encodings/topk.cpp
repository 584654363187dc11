// The values where the update is largest, and which positions those are; elsewhere the receiver keeps the reference.
#include <cstring>

#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"
#include "sim/encode/positions.hpp"

namespace msfusion::encodings {

namespace {

std::int64_t bytes(const EncodingOptions& options, const TensorExtent& extent) {
  const std::int64_t n = extent.elements(), k = kept_elements(options.ratio, n);
  const std::int64_t values = k * static_cast<std::int64_t>(sizeof(float));
  return k == n ? values : values + position_bytes(n, k);
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  const std::int64_t n = coding.extent.elements(), k = kept_elements(coding.options.ratio, n);
  if (k == n) {
    std::memcpy(message, values, static_cast<std::size_t>(n) * sizeof(float));
    return;
  }
  const Positions positions = largest_positions(values, reference, n, k);
  put_positions(message, positions, n);
  for (const std::uint32_t place : positions) put(message, values[place]);
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  const std::int64_t n = coding.extent.elements(), k = kept_elements(coding.options.ratio, n);
  const std::size_t size = static_cast<std::size_t>(n) * sizeof(float);
  if (k == n) {
    std::memcpy(values, message, size);
    return;
  }
  if (values != reference) std::memcpy(values, reference, size);
  for (const std::uint32_t place : get_positions(message, n, k)) values[place] = get<float>(message);
}

}  // namespace

extern const Coder topk{bytes, encode, decode};

}  // namespace msfusion::encodings
