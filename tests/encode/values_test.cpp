// Encodings of values: 16 and 8 bits.
#include <cstring>

#include "tests/encode/coded.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

std::uint16_t half(float value) {
  const std::vector<std::byte> message =
      message_of({encoding(EncodingKind::fp16), {1, 1, false}, 0, 0, nullptr}, {value}, {0});
  std::uint16_t bits;
  std::memcpy(&bits, message.data(), sizeof bits);
  return bits;
}

EncodingOptions int8(EncodingOptions::Rounding rounding, EncodingOptions::Of of = EncodingOptions::Of::value) {
  EncodingOptions options = encoding(EncodingKind::int8);
  options.rounding = rounding;
  options.of = of;
  return options;
}

constexpr auto kNearest = EncodingOptions::Rounding::nearest;
constexpr auto kStochastic = EncodingOptions::Rounding::stochastic;

}  // namespace

TEST_CASE("fp16 has the bits of IEEE 754") {
  const float ulp = 1.0F / 1024;
  REQUIRE(half(0.0F) == 0x0000);
  REQUIRE(half(-0.0F) == 0x8000);
  REQUIRE(half(1.0F) == 0x3c00);
  REQUIRE(half(-2.5F) == 0xc100);
  REQUIRE(half(1 + ulp / 2) == 0x3c00);      // halfway: to the even one
  REQUIRE(half(1 + 3 * ulp / 2) == 0x3c02);  // likewise
  REQUIRE(half(1 + 1.01F * ulp / 2) == 0x3c01);
  REQUIRE(half(std::ldexp(1.0F, -14)) == 0x0400);  // the least normal one
  REQUIRE(half(std::ldexp(1.0F, -24)) == 0x0001);  // the least of all
  REQUIRE(half(std::ldexp(1.0F, -25)) == 0x0000);
  REQUIRE(half(std::ldexp(1.5F, -24)) == 0x0002);
  REQUIRE(half(65504.0F) == 0x7bff);
  REQUIRE(half(1e9F) == 0x7bff);  // not infinity
  REQUIRE(half(-1e9F) == 0xfbff);
}

TEST_CASE("16-bit values that were decoded are encoded to themselves") {
  for (const EncodingKind kind : {EncodingKind::fp16, EncodingKind::bf16}) {
    Values values = normals(4000, 3, 10);
    for (int e = -30; e < 20; ++e) values.push_back(std::ldexp(1.3F, e));
    const Values once = received(encoding(kind), values);
    REQUIRE(received(encoding(kind), once) == once);
    const double most = kind == EncodingKind::fp16 ? 1.0 / 2048 : 1.0 / 256;
    for (std::size_t i = 0; i < 4000; ++i) REQUIRE(std::abs(once[i] - values[i]) <= most * std::abs(values[i]) + 1e-7);
  }
}

TEST_CASE("int8 is half a step off at most, and its least value is exact") {
  const Values values = normals(5000, 4);
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double step = (static_cast<double>(*high) - static_cast<double>(*low)) / 255;
  const Values near = received(int8(kNearest), values), random = received(int8(kStochastic), values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    REQUIRE(std::abs(static_cast<double>(near[i]) - static_cast<double>(values[i])) <= step / 2 + 1e-6);
    REQUIRE(std::abs(static_cast<double>(random[i]) - static_cast<double>(values[i])) < step + 1e-6);
  }
  const auto least = static_cast<std::size_t>(low - values.begin());
  REQUIRE(near[least] == *low);
  REQUIRE(random[least] == *low);
}

TEST_CASE("int8 leaves a constant tensor as it is") {
  const Values constant(100, 0.1F);
  REQUIRE(received(int8(kNearest), constant) == constant);
  REQUIRE(received(int8(kStochastic), constant) == constant);
}

TEST_CASE("int8 that rounds at random is right in the mean") {
  const Values values = normals(50, 5);
  std::vector<double> sum(values.size());
  constexpr int kSeeds = 4000;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Values one = received(int8(kStochastic), values, static_cast<std::uint64_t>(seed) * 0x9e3779b97f4a7c15U);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(one[i]);
  }
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double step = static_cast<double>(*high - *low) / 255;
  // The standard deviation of a draw is at most half a step.
  for (std::size_t i = 0; i < sum.size(); ++i)
    REQUIRE(std::abs(sum[i] / kSeeds - static_cast<double>(values[i])) < 5 * step / 2 / std::sqrt(kSeeds));
}

TEST_CASE("int8 of an update has the steps of the update") {
  const Values reference = normals(3000, 6), values = plus(reference, normals(3000, 7, 0.01F));
  const Values of_value = received(int8(kNearest), values, reference);
  const Values of_update = received(int8(kNearest, EncodingOptions::Of::update), values, reference);
  REQUIRE(20 * norm(plus(of_update, values, -1)) < norm(plus(of_value, values, -1)));
}
