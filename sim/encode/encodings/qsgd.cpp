// QSGD (Alistarh et al. 2017): each bucket's norm N, and for each element of the update u a random level, which is
// s |u| / N in the mean: D = N sign(u) level / s. Levels with their signs are 0 .. 2 s, in `bits` bits each.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "sim/base/vectorised.hpp"
#include "sim/encode/bytes.hpp"
#include "sim/encode/coder.hpp"
#include "sim/encode/draws.hpp"

namespace msfusion::encodings {

namespace {

constexpr std::int64_t kLanes = 8;
constexpr std::int64_t kBlock = 1024;  // a multiple of 8, so that a block's levels fill whole bytes

std::int64_t bucket_of(const EncodingOptions& options, const TensorExtent& extent) {
  return options.bucket == 0 ? extent.elements() : std::min(options.bucket, extent.elements());
}

std::int64_t buckets_of(const EncodingOptions& options, const TensorExtent& extent) {
  return ceil_divide(extent.elements(), bucket_of(options, extent));
}

int levels_of(const EncodingOptions& options) {
  return (1 << (options.bits - 1)) - 1;
}

std::int64_t bytes(const EncodingOptions& options, const TensorExtent& extent) {
  return ceil_divide(extent.elements() * options.bits, 8) +
         buckets_of(options, extent) * static_cast<std::int64_t>(sizeof(float));
}

MSFUSION_VECTORISED float norm_of(const float* values, const float* reference, std::int64_t count) {
  double squares[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) {
      const double u = static_cast<double>(values[i + lane] - reference[i + lane]);
      squares[lane] += u * u;
    }
  for (; i < count; ++i) {
    const double u = static_cast<double>(values[i] - reference[i]);
    squares[0] += u * u;
  }
  double sum = 0;
  for (const double square : squares) sum += square;
  return static_cast<float>(std::sqrt(sum));
}

// `codes` of the elements first .. first + count - 1 of the tensor, all of one bucket.
MSFUSION_VECTORISED void levels(const float* values, const float* reference, float norm, int most, std::uint8_t* codes,
                                std::int64_t first, std::int64_t count, const Draws& draws) {
  const auto scale = static_cast<float>(most);
  for (std::int64_t i = 0; i < count; ++i) {
    const float u = values[i] - reference[i];
    const float exact = (u < 0 ? -u : u) / norm * scale;
    const auto below = static_cast<std::int32_t>(exact);
    const float rest = exact - static_cast<float>(below);
    std::int32_t level = below + (draws.uniform(static_cast<std::uint32_t>(first + i)) < rest ? 1 : 0);
    level = level < most ? level : most;
    codes[i] = static_cast<std::uint8_t>(u < 0 ? most - level : most + level);
  }
}

MSFUSION_VECTORISED void pack_halves(const std::uint8_t* codes, std::byte* message, std::int64_t pairs) {
  for (std::int64_t i = 0; i < pairs; ++i) message[i] = static_cast<std::byte>(codes[2 * i] | codes[2 * i + 1] << 4);
}

// Eight codes fill as many bytes as a code has bits; codes beyond `count` are 0.
void pack(const std::uint8_t* codes, std::int64_t count, int bits, std::byte* message) {
  if (bits == 4) return pack_halves(codes, message, ceil_divide(count, 2));
  for (std::int64_t i = 0; i < count; i += 8) {
    std::uint64_t word = 0;
    for (int j = 0; j < 8; ++j) word |= static_cast<std::uint64_t>(codes[i + j]) << (j * bits);
    const std::int64_t left = std::min<std::int64_t>(8, count - i);
    std::memcpy(message, &word, static_cast<std::size_t>(ceil_divide(left * bits, 8)));
    message += bits;
  }
}

void unpack(const std::byte* message, std::int64_t count, int bits, std::uint8_t* codes) {
  const std::uint64_t mask = (1U << bits) - 1;
  for (std::int64_t i = 0; i < count; i += 8) {
    std::uint64_t word = 0;
    const std::int64_t left = std::min<std::int64_t>(8, count - i);
    std::memcpy(&word, message, static_cast<std::size_t>(ceil_divide(left * bits, 8)));
    for (int j = 0; j < 8; ++j) codes[i + j] = static_cast<std::uint8_t>(word >> (j * bits) & mask);
    message += bits;
  }
}

// Calls visit(begin, end, bucket) for the parts of [first, first + count) that lie in one bucket each.
template <class Visit>
void for_each_bucket(std::int64_t first, std::int64_t count, std::int64_t bucket, Visit visit) {
  for (std::int64_t begin = first; begin < first + count;) {
    const std::int64_t number = begin / bucket, end = std::min(first + count, (number + 1) * bucket);
    visit(begin, end, number);
    begin = end;
  }
}

float norm_at(const std::byte* norms, std::int64_t bucket) {
  const std::byte* at = norms + bucket * static_cast<std::int64_t>(sizeof(float));
  return get<float>(at);
}

void encode(const TensorCoding& coding, const float* values, const float* reference, std::byte* message) {
  const std::int64_t n = coding.extent.elements(), bucket = bucket_of(coding.options, coding.extent);
  const std::byte* norms = message;
  for (std::int64_t begin = 0; begin < n; begin += bucket)
    put(message, norm_of(values + begin, reference + begin, std::min(bucket, n - begin)));
  const int most = levels_of(coding.options);
  const Draws draws(coding.seed);
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t count = std::min(kBlock, n - first);
    std::array<std::uint8_t, kBlock> codes{};
    for_each_bucket(first, count, bucket, [&](std::int64_t begin, std::int64_t end, std::int64_t number) {
      const float norm = norm_at(norms, number);
      if (norm > 0)
        levels(values + begin, reference + begin, norm, most, codes.data() + (begin - first), begin, end - begin,
               draws);
      else
        std::fill(codes.data() + (begin - first), codes.data() + (end - first), static_cast<std::uint8_t>(most));
    });
    pack(codes.data(), count, coding.options.bits, message);
    message += count * coding.options.bits / 8;
  }
}

// With error feedback D must not be longer than u: it is divided by 1 + the bound of its relative variance.
float damping(const TensorCoding& coding, std::int64_t elements, int most) {
  if (!feeds_back(coding.options)) return 1;
  const auto d = static_cast<double>(elements), s = static_cast<double>(most);
  return static_cast<float>(1 / (1 + std::min(d / (s * s), std::sqrt(d) / s)));
}

MSFUSION_VECTORISED void add_levels(const std::uint8_t* codes, const float* reference, float norm, int most,
                                    float* values, std::int64_t count) {
  const auto scale = static_cast<float>(most);
  for (std::int64_t i = 0; i < count; ++i)
    values[i] = reference[i] + norm * (static_cast<float>(static_cast<std::int32_t>(codes[i]) - most) / scale);
}

void decode(const TensorCoding& coding, const std::byte* message, const float* reference, float* values) {
  const std::int64_t n = coding.extent.elements(), bucket = bucket_of(coding.options, coding.extent);
  const std::byte* norms = message;
  message += buckets_of(coding.options, coding.extent) * static_cast<std::int64_t>(sizeof(float));
  const int most = levels_of(coding.options);
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t count = std::min(kBlock, n - first);
    std::array<std::uint8_t, kBlock> codes;
    unpack(message, count, coding.options.bits, codes.data());
    message += count * coding.options.bits / 8;
    for_each_bucket(first, count, bucket, [&](std::int64_t begin, std::int64_t end, std::int64_t number) {
      const float norm = norm_at(norms, number) * damping(coding, std::min(bucket, n - number * bucket), most);
      add_levels(codes.data() + (begin - first), reference + begin, norm, most, values + begin, end - begin);
    });
  }
}

}  // namespace

extern const Coder qsgd{bytes, encode, decode};

}  // namespace msfusion::encodings
