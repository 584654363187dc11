// 255 steps between the least and the largest value of the tensor: q = floor((y - lo) / s + rho), D = lo + s q, with
// rho 1/2, or uniform in [0, 1), which makes D right in the mean.
#include <algorithm>
#include <limits>

#include "sim/base/vectorised.hpp"
#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"
#include "sim/encode/draws.hpp"

namespace msfusion::encodings {

namespace {

constexpr float kSteps = 255;
constexpr std::int64_t kLanes = 16;

std::int64_t bytes(const EncodingOptions&, const TensorExtent& extent) {
  return extent.elements() + 2 * static_cast<std::int64_t>(sizeof(float));
}

struct Range {
  float low, high;
  float step() const {
    return static_cast<float>((static_cast<double>(high) - static_cast<double>(low)) / static_cast<double>(kSteps));
  }
};

// Of the values, or of their differences from a reference.
MSFUSION_VECTORISED Range range_of(const float* values, const float* reference, std::int64_t count) {
  float low[kLanes], high[kLanes];
  std::fill(low, low + kLanes, std::numeric_limits<float>::infinity());
  std::fill(high, high + kLanes, -std::numeric_limits<float>::infinity());
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const float value = reference ? values[i + lane] - reference[i + lane] : values[i + lane];
      low[lane] = value < low[lane] ? value : low[lane];
      high[lane] = value > high[lane] ? value : high[lane];
    }
  for (; i < count; ++i) {
    const float value = reference ? values[i] - reference[i] : values[i];
    low[0] = value < low[0] ? value : low[0];
    high[0] = value > high[0] ? value : high[0];
  }
  return {*std::min_element(low, low + kLanes), *std::max_element(high, high + kLanes)};
}

std::uint8_t step_of(float value, const Range& range, float step, float rho) {
  const float at = (value - range.low) / step + rho;
  return static_cast<std::uint8_t>(static_cast<std::int32_t>(at < kSteps ? at : kSteps));
}

MSFUSION_VECTORISED void quantise(const float* values, const float* reference, const Range& range, std::byte* message,
                                  std::int64_t count) {
  const float step = range.step();
  auto* out = reinterpret_cast<std::uint8_t*>(message);
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = step_of(reference ? values[i] - reference[i] : values[i], range, step, 0.5F);
}

MSFUSION_VECTORISED void quantise_at_random(const float* values, const float* reference, const Range& range,
                                            std::byte* message, std::int64_t count, const Draws& draws) {
  const float step = range.step();
  auto* out = reinterpret_cast<std::uint8_t*>(message);
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = step_of(reference ? values[i] - reference[i] : values[i], range, step,
                     draws.uniform(static_cast<std::uint32_t>(i)));
}

MSFUSION_VECTORISED void restore(const std::byte* message, const float* reference, const Range& range, float* values,
                                 std::int64_t count) {
  const float step = range.step();
  const auto* in = reinterpret_cast<const std::uint8_t*>(message);
  if (reference)
    for (std::int64_t i = 0; i < count; ++i)
      values[i] = reference[i] + (range.low + step * static_cast<float>(static_cast<std::int32_t>(in[i])));
  else
    for (std::int64_t i = 0; i < count; ++i)
      values[i] = range.low + step * static_cast<float>(static_cast<std::int32_t>(in[i]));
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  const std::int64_t count = coding.extent.elements();
  if (!codes_updates(coding.options)) reference = nullptr;
  const Range range = range_of(values, reference, count);
  put(message, range.low);
  put(message, range.high);
  if (!(range.step() > 0))
    std::fill(message, message + count, std::byte{0});
  else if (coding.options.rounding == EncodingOptions::Rounding::nearest)
    quantise(values, reference, range, message, count);
  else
    quantise_at_random(values, reference, range, message, count, Draws(coding.seed));
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  if (!codes_updates(coding.options)) reference = nullptr;
  const auto low = get<float>(message), high = get<float>(message);
  restore(message, reference, {low, high}, values, coding.extent.elements());
}

}  // namespace

extern const Coder int8{bytes, encode, decode};

}  // namespace msfusion::encodings
