// PowerSGD (Vogels et al. 2019) in one step of power iteration: with the update U [a, b] and the Q [b, rank] that the
// sender kept from its last message, P = orth(U Q), Q = U^T P, D = P Q^T. P and Q are sent, column after column.
#include <algorithm>
#include <cmath>

#include "sim/base/vectorised.hpp"
#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"
#include "sim/encode/draws.hpp"

namespace msfusion::encodings {

namespace {

constexpr std::int64_t kLanes = 16;

std::int64_t rank_of(const EncodingOptions& options, const TensorExtent& extent) {
  return std::min({static_cast<std::int64_t>(options.rank), extent.rows, extent.columns});
}

std::int64_t bytes(const EncodingOptions& options, const TensorExtent& extent) {
  return rank_of(options, extent) * (extent.rows + extent.columns) * static_cast<std::int64_t>(sizeof(float));
}

bool codes(const EncodingOptions& options, const TensorExtent& extent) {
  return extent.elements() > 2 * options.rank * (extent.rows + extent.columns);
}

// [columns][length], a column's elements side by side.
struct Columns {
  std::int64_t length, count;
  std::vector<float> values;
  Columns(std::int64_t l, std::int64_t c) : length(l), count(c), values(static_cast<std::size_t>(l * c)) {}
  float* column(std::int64_t c) { return values.data() + c * length; }
  const float* column(std::int64_t c) const { return values.data() + c * length; }
};

MSFUSION_VECTORISED float product(const float* a, const float* b, std::int64_t count) {
  float sums[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  for (; i < count; ++i) sums[0] += a[i] * b[i];
  double sum = 0;
  for (const float lane : sums) sum += static_cast<double>(lane);
  return static_cast<float>(sum);
}

MSFUSION_VECTORISED void add_multiple(float* to, const float* from, float factor, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) to[i] += factor * from[i];
}

double norm_of(const float* column, std::int64_t length) {
  double sum = 0;
  for (std::int64_t i = 0; i < length; ++i) sum += static_cast<double>(column[i]) * static_cast<double>(column[i]);
  return std::sqrt(sum);
}

// Gram and Schmidt, twice because once loses digits. A column that depends on those before becomes zero.
void orthonormalise(Columns& columns) {
  constexpr double kRoundingNoise = 1e-5;
  for (std::int64_t c = 0; c < columns.count; ++c) {
    float* column = columns.column(c);
    const double before = norm_of(column, columns.length);
    for (int pass = 0; pass < 2; ++pass)
      for (std::int64_t earlier = 0; earlier < c; ++earlier) {
        const float* base = columns.column(earlier);
        add_multiple(column, base, -product(column, base, columns.length), columns.length);
      }
    const double norm = norm_of(column, columns.length);
    const bool depends = !(norm > kRoundingNoise * before);
    for (std::int64_t i = 0; i < columns.length; ++i)
      column[i] = depends ? 0.0F : static_cast<float>(static_cast<double>(column[i]) / norm);
  }
}

/// Standard normal (Box and Muller).
float normal(const Draws& draws, std::int64_t place) {
  const double u = 1 - static_cast<double>(draws.uniform(static_cast<std::uint32_t>(2 * place)));
  const double angle = 2 * M_PI * static_cast<double>(draws.uniform(static_cast<std::uint32_t>(2 * place + 1)));
  return static_cast<float>(std::sqrt(-2 * std::log(u)) * std::cos(angle));
}

// The Q of the last message; what is not there, or has become zero, is drawn.
void warm_start(const TensorCoding& coding, Columns& q) {
  if (coding.kept && coding.kept->size() == q.values.size()) q.values = *coding.kept;
  const Draws draws(coding.seed);
  for (std::int64_t c = 0; c < q.count; ++c) {
    if (norm_of(q.column(c), q.length) > 0) continue;
    for (std::int64_t i = 0; i < q.length; ++i) q.column(c)[i] = normal(draws, c * q.length + i);
  }
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  const std::int64_t a = coding.extent.rows, b = coding.extent.columns, rank = rank_of(coding.options, coding.extent);
  std::vector<float> update(static_cast<std::size_t>(a * b));
  for (std::int64_t i = 0; i < a * b; ++i) update[static_cast<std::size_t>(i)] = values[i] - reference[i];
  Columns p(a, rank), q(b, rank);
  warm_start(coding, q);
  for (std::int64_t row = 0; row < a; ++row)
    for (std::int64_t c = 0; c < rank; ++c) p.column(c)[row] = product(update.data() + row * b, q.column(c), b);
  orthonormalise(p);
  std::fill(q.values.begin(), q.values.end(), 0.0F);
  for (std::int64_t row = 0; row < a; ++row)
    for (std::int64_t c = 0; c < rank; ++c) add_multiple(q.column(c), update.data() + row * b, p.column(c)[row], b);
  for (const float value : p.values) put(message, value);
  for (const float value : q.values) put(message, value);
  if (coding.kept) *coding.kept = std::move(q.values);
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  const std::int64_t a = coding.extent.rows, b = coding.extent.columns, rank = rank_of(coding.options, coding.extent);
  Columns p(a, rank), q(b, rank);
  for (float& value : p.values) value = get<float>(message);
  for (float& value : q.values) value = get<float>(message);
  std::vector<float> row_update(static_cast<std::size_t>(b));
  for (std::int64_t row = 0; row < a; ++row) {
    std::fill(row_update.begin(), row_update.end(), 0.0F);
    for (std::int64_t c = 0; c < rank; ++c) add_multiple(row_update.data(), q.column(c), p.column(c)[row], b);
    for (std::int64_t i = 0; i < b; ++i)
      values[row * b + i] = reference[row * b + i] + row_update[static_cast<std::size_t>(i)];
  }
}

}  // namespace

extern const Coder powersgd{bytes, encode, decode, codes};

}  // namespace msfusion::encodings
