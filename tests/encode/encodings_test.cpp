// Encodings of updates: levels, positions, signs.
#include "sim/encode/positions.hpp"
#include "tests/encode/coded.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

EncodingOptions sparse(EncodingKind kind, double ratio) {
  EncodingOptions options = encoding(kind);
  options.ratio = ratio;
  return options;
}

EncodingOptions qsgd(int bits, std::int64_t bucket) {
  EncodingOptions options = encoding(EncodingKind::qsgd);
  options.bits = bits;
  options.bucket = bucket;
  return options;
}

}  // namespace

TEST_CASE("all elements are none") {
  const Values values = normals(777, 9), reference = normals(777, 10);
  for (const EncodingKind kind : {EncodingKind::topk, EncodingKind::randomk}) {
    REQUIRE(received(sparse(kind, 1), values, reference) == values);
    EncodingOptions without = sparse(kind, 1);
    without.error_feedback = false;
    REQUIRE(received(without, values, reference) == values);
  }
}

TEST_CASE("topk sends the values where the update is largest, and leaves out no more than it must") {
  const Values values = normals(1000, 11), reference = normals(1000, 12);
  const Values got = received(sparse(EncodingKind::topk, 0.1), values, reference);
  int sent = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == values[i])
      ++sent;
    else
      REQUIRE(got[i] == reference[i]);
  }
  REQUIRE(sent == 100);
  REQUIRE(norm(plus(values, got, -1)) <= std::sqrt(1 - 0.1) * norm(plus(values, reference, -1)));
}

TEST_CASE("randomk draws the same positions for the same round, whoever sends") {
  const Values zeros(1000, 0.0F);
  const EncodingOptions options = sparse(EncodingKind::randomk, 0.05);
  const auto positions_of = [&](int round, int task, int tensor) {
    const TensorExtent extent{10, 100, false};
    const Values ones(1000, 1.0F);
    return received(tensor_coding(options, extent, 5, round, task, tensor), ones, zeros);
  };
  REQUIRE(positions_of(3, 10, 0) == positions_of(3, 11, 0));
  REQUIRE(positions_of(3, 10, 0) != positions_of(4, 10, 0));
  REQUIRE(positions_of(3, 10, 0) != positions_of(3, 10, 1));
}

TEST_CASE("randomk without error feedback is right in the mean") {
  const Values values = normals(20, 13), reference = normals(20, 14);
  EncodingOptions options = sparse(EncodingKind::randomk, 0.25);
  options.error_feedback = false;
  std::vector<double> sum(20);
  constexpr int kSeeds = 20'000;
  for (int seed = 0; seed < kSeeds; ++seed) {
    const Values got =
        received({options, extent_of(values), 0, static_cast<std::uint64_t>(seed), nullptr}, values, reference);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(got[i]);
  }
  for (std::size_t i = 0; i < sum.size(); ++i) {
    const double update = std::abs(static_cast<double>(values[i] - reference[i]));
    REQUIRE(std::abs(sum[i] / kSeeds - static_cast<double>(values[i])) <
            5 * std::sqrt(3.0) * update / std::sqrt(kSeeds) + 1e-6);
  }
}

TEST_CASE("what error feedback keeps is what was not received, in all") {
  // With w constant and r following what is received, sum of (v - r) + e = sum of (w - r).
  for (const EncodingKind kind : {EncodingKind::topk, EncodingKind::randomk, EncodingKind::sign}) {
    const std::size_t count = 500;
    const EncodingOptions options = sparse(kind, 0.05);
    Values residual(count, 0.0F), reference = normals(count, 15), received_sum(count, 0.0F), wanted_sum(count, 0.0F);
    for (unsigned round = 0; round < 30; ++round) {
      const Values trained = plus(reference, normals(count, 100 + round, 0.1F)), sent = plus(trained, residual);
      const Values got = received({options, extent_of(sent), round, round, nullptr}, sent, reference);
      residual = plus(sent, got, -1);
      received_sum = plus(received_sum, plus(got, reference, -1));
      wanted_sum = plus(wanted_sum, plus(trained, reference, -1));
      reference = got;
    }
    INFO(facts_of(kind).name);
    REQUIRE(norm(plus(plus(received_sum, residual), wanted_sum, -1)) < 1e-4 * norm(wanted_sum));
  }
}

TEST_CASE("qsgd is right in the mean, within its bound of the variance") {
  const std::size_t count = 64;
  const Values values = normals(count, 16), zeros(count, 0.0F);
  for (const int bits : {2, 4, 5}) {
    std::vector<double> sum(count);
    double error = 0;
    constexpr int kSeeds = 4000;
    for (int seed = 0; seed < kSeeds; ++seed) {
      const Values got = received(qsgd(bits, 0), values, static_cast<std::uint64_t>(seed) * 0x9e3779b97f4a7c15U);
      for (std::size_t i = 0; i < count; ++i) sum[i] += static_cast<double>(got[i]);
      error += std::pow(norm(plus(got, values, -1)), 2) / kSeeds;
    }
    const double s = std::pow(2, bits - 1) - 1, d = static_cast<double>(count), square = std::pow(norm(values), 2);
    INFO(bits << " bits");
    REQUIRE(error <= std::min(d / (s * s), std::sqrt(d) / s) * square);
    for (std::size_t i = 0; i < count; ++i)
      REQUIRE(std::abs(sum[i] / kSeeds - static_cast<double>(values[i])) <
              5 * norm(values) / s / 2 / std::sqrt(kSeeds));
  }
}

TEST_CASE("qsgd of one element that is not zero is exact") {
  Values values(100, 0.0F), reference(100, 0.0F);
  values[17] = -0.1234567F;
  REQUIRE(received(qsgd(2, 0), values, reference) == values);
  REQUIRE(received(qsgd(2, 0), reference, reference) == reference);
}

TEST_CASE("qsgd with error feedback leaves out less than the update") {
  const Values values = normals(512, 17), zeros(512, 0.0F);
  EncodingOptions options = qsgd(2, 0);
  REQUIRE(norm(plus(received(options, values), values, -1)) > norm(values));
  options.error_feedback = true;
  REQUIRE(norm(plus(received(options, values), values, -1)) < norm(values));
}

TEST_CASE("the sign encoding is exact where all magnitudes are equal") {
  for (const std::size_t count : {1U, 8U, 13U, 1000U}) {
    Values values(count, 0.3F), zeros(count, 0.0F);
    for (std::size_t i = 0; i < count; i += 3) values[i] = -0.3F;
    REQUIRE(received(encoding(EncodingKind::sign), values, zeros) == values);
  }
}

TEST_CASE("the sign of zero is plus") {
  const Values values = {0, -1, 0, 3}, zeros(4, 0.0F);
  REQUIRE(received(encoding(EncodingKind::sign), values, zeros) == Values{1, -1, 1, 1});
}

TEST_CASE("a vote is the signs of the update, one bit each, and a step in their direction") {
  EncodingOptions options = encoding(EncodingKind::vote);
  options.vote_step = 0.25;
  const Values values = {3, -1, 0, -0.5F, 2, 7, 1, 1, -4}, reference = {1, 1, 0, 1, 2, 8, 1, -1, 1};
  REQUIRE(encoded_bytes(options, extent_of(values)) == 2);
  const std::vector<std::byte> message = message_of({options, extent_of(values), 1, 7, nullptr}, values, reference);
  REQUIRE(message == std::vector<std::byte>{std::byte{0b11010101}, std::byte{0}});
  REQUIRE(received(options, values, reference) == plus(reference, {1, -1, 1, -1, 1, -1, 1, 1, -1}, 0.25F));
  REQUIRE(fed_back_elements(options, Shape(), WidthSlice()) == 0);
}
