// EF-SIGN (Karimireddy et al. 2019): the signs of the update, and its mean magnitude: D = sum |u| / n sign(u), where
// the sign of 0 is +1.
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
      sums[lane] += static_cast<double>(u < 0 ? -u : u);
    }
  for (; i < count; ++i) {
    const float u = values[i] - reference[i];
    sums[0] += static_cast<double>(u < 0 ? -u : u);
  }
  double sum = 0;
  for (const double lane : sums) sum += lane;
  return static_cast<float>(sum / static_cast<double>(count));
}

MSFUSION_VECTORISED void signs_of_eights(const float* values, const float* reference, std::byte* message,
                                         std::int64_t eights) {
  for (std::int64_t e = 0; e < eights; ++e) {
    std::uint32_t bits = 0;
    for (std::uint32_t j = 0; j < 8; ++j) bits |= (values[8 * e + j] - reference[8 * e + j] >= 0 ? 1U : 0U) << j;
    message[e] = static_cast<std::byte>(bits);
  }
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  const std::int64_t n = coding.extent.elements(), eights = n / 8;
  put(message, mean_magnitude(values, reference, n));
  signs_of_eights(values, reference, message, eights);
  std::uint32_t bits = 0;
  for (std::int64_t i = 8 * eights; i < n; ++i) bits |= (values[i] - reference[i] >= 0 ? 1U : 0U) << i % 8;
  if (n % 8 > 0) message[eights] = static_cast<std::byte>(bits);
}

MSFUSION_VECTORISED void add_signs(const std::byte* message, const float* reference, float scale, float* values,
                                   std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) {
    const auto bit = static_cast<std::uint32_t>(message[i / 8]) >> i % 8 & 1U;
    values[i] = reference[i] + (bit != 0 ? scale : -scale);
  }
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  const auto scale = get<float>(message);
  add_signs(message, reference, scale, values, coding.extent.elements());
}

}  // namespace

extern const Coder sign{bytes, encode, decode};

}  // namespace msfusion::encodings
