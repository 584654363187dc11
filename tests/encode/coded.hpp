// Messages of one tensor, for the laws of its encoding.
#pragma once

#include <cmath>
#include <random>
#include <vector>

#include "sim/encode/message.hpp"

namespace msfusion::test {

using Values = std::vector<float>;

inline Values normals(std::size_t count, unsigned seed, float scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  Values values(count);
  for (float& value : values) value = normal(random);
  return values;
}

inline Values plus(Values a, const Values& b, float factor = 1) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += factor * b[i];
  return a;
}

inline double norm(const Values& values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(sum);
}

inline EncodingOptions encoding(EncodingKind kind) {
  EncodingOptions options;
  options.kind = kind;
  return options;
}

/// As a matrix of one row, unless `rows` says otherwise.
inline TensorExtent extent_of(const Values& values, std::int64_t rows = 1) {
  return {rows, static_cast<std::int64_t>(values.size()) / rows, false};
}

inline std::vector<std::byte> message_of(const TensorCoding& coding, const Values& values, const Values& reference) {
  std::vector<std::byte> message(static_cast<std::size_t>(encoded_bytes(coding.options, coding.extent)));
  encode(coding, values.data(), reference.data(), message.data());
  return message;
}

/// What the receiver has.
inline Values received(const TensorCoding& coding, const Values& values, const Values& reference) {
  const std::vector<std::byte> message = message_of(coding, values, reference);
  Values result(values.size(), NAN);
  decode(coding, message.data(), reference.data(), result.data());
  return result;
}

inline Values received(const EncodingOptions& options, const Values& values, const Values& reference,
                       std::uint64_t seed = 1) {
  return received({options, extent_of(values), seed, 7, nullptr}, values, reference);
}

inline Values received(const EncodingOptions& options, const Values& values, std::uint64_t seed = 1) {
  return received(options, values, Values(values.size(), 0.0F), seed);
}

}  // namespace msfusion::test
