// EF-SIGN (Karimireddy et al. 2019): the signs of the update, and its mean magnitude: D = sum |u| / n sign(u), where
// the sign of 0 is +1.
#include <cmath>

#include "sim/base/vectorised.hpp"
#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"
#include "sim/encode/sign_bits.hpp"

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

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  const std::int64_t n = coding.extent.elements();
  put(message, mean_magnitude(values, reference, n));
  write_signs(values, reference, n, message);
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  const auto scale = get<float>(message);
  add_signs(message, reference, scale, values, coding.extent.elements());
}

}  // namespace

extern const Coder sign{bytes, encode, decode};

}  // namespace msfusion::encodings
