#include "sim/encode/positions.hpp"

#include <algorithm>
#include <numeric>

#include "tests/encode/coded.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

TEST_CASE("the largest positions are those of a stable sort, in small and in large tensors") {
  for (const std::size_t count : {1U, 10U, 1000U, 200'000U})
    for (const double ratio : {0.001, 0.01, 0.3, 1.0}) {
      Values values = normals(count, 8), zeros(count, 0.0F);
      // Many ties: a few magnitudes only, of both signs.
      for (float& value : values) value = std::round(4 * value) / 4;
      const auto k = kept_elements(ratio, static_cast<std::int64_t>(count));
      Positions sorted(count);
      std::iota(sorted.begin(), sorted.end(), 0U);
      std::stable_sort(sorted.begin(), sorted.end(),
                       [&](std::uint32_t a, std::uint32_t b) { return std::abs(values[a]) > std::abs(values[b]); });
      sorted.resize(static_cast<std::size_t>(k));
      std::sort(sorted.begin(), sorted.end());
      INFO(count << " elements, ratio " << ratio);
      REQUIRE(largest_positions(values.data(), zeros.data(), static_cast<std::int64_t>(count), k) == sorted);
    }
}

TEST_CASE("a sample that misleads costs time, not positions") {
  // Large values only where the sample looks.
  const std::size_t count = 1 << 17;
  Values values(count, 0.0F), zeros(count, 0.0F);
  for (std::size_t i = 0; i < count; i += 16) values[i] = 5;
  for (std::size_t i = 1; i < count; i += 2) values[i] = 1;
  const Positions found = largest_positions(values.data(), zeros.data(), static_cast<std::int64_t>(count), 20'000);
  REQUIRE(found.size() == 20'000);
  REQUIRE(std::count_if(found.begin(), found.end(), [](std::uint32_t p) { return p % 16 == 0; }) == 8192);
}

TEST_CASE("k is a share rounded up, of at least one element") {
  REQUIRE(kept_elements(0.01, 1000) == 10);
  REQUIRE(kept_elements(0.01, 1001) == 11);
  REQUIRE(kept_elements(0.1, 30) == 3);
  REQUIRE(kept_elements(0.001, 10) == 1);
  REQUIRE(kept_elements(1, 77) == 77);
}

TEST_CASE("random positions are distinct, ascending, and each alike likely") {
  for (const std::int64_t k : {3, 10, 17, 20}) {
    std::vector<int> drawn(20);
    constexpr int kSeeds = 20'000;
    for (int seed = 0; seed < kSeeds; ++seed) {
      const Positions positions = random_positions(static_cast<std::uint64_t>(seed), 20, k);
      REQUIRE(static_cast<std::int64_t>(positions.size()) == k);
      REQUIRE(std::adjacent_find(positions.begin(), positions.end(), std::greater_equal<>()) == positions.end());
      for (const std::uint32_t place : positions) ++drawn.at(place);
    }
    const double share = static_cast<double>(k) / 20, deviation = std::sqrt(kSeeds * share * (1 - share));
    for (const int times : drawn) REQUIRE(std::abs(times - kSeeds * share) <= 5 * deviation);
  }
}

TEST_CASE("positions come back from both ways of writing them") {
  for (const std::int64_t k : {1, 31, 32, 900}) {
    const Positions positions = random_positions(3, 1000, k);
    std::vector<std::byte> message(static_cast<std::size_t>(position_bytes(1000, k)));
    std::byte* to = message.data();
    put_positions(to, positions, 1000);
    REQUIRE(to == message.data() + message.size());
    const std::byte* from = message.data();
    REQUIRE(get_positions(from, 1000, k) == positions);
    REQUIRE(from == to);
    REQUIRE(position_bytes(1000, k) == (k <= 31 ? 4 * k : 125));
  }
}
