#include "sim/deploy/pinning.hpp"

#include <thread>

#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("no core gives more than it has, and the cores share the load evenly") {
  const std::vector<double> shares = {0.2, 0.2, 0.8, 0.2, 0.2, 0.4};
  const auto placed = place_on_cores(shares, 2);
  REQUIRE(placed);
  std::vector<double> used(2, 0);
  for (std::size_t node = 0; node < shares.size(); ++node) used[(*placed)[node]] += shares[node];
  CHECK(used[0] == Approx(1));
  CHECK(used[1] == Approx(1));
}

TEST_CASE("nodes that need more than the cores have are not placed") {
  CHECK_FALSE(place_on_cores({0.6, 0.6, 0.6}, 2));
  CHECK_FALSE(place_on_cores({0.5}, 0));
  CHECK(place_on_cores({1, 1, 0}, 2));
}

TEST_CASE("a pinned process has one core, and so have its threads") {
  std::thread([] {
    const int last = allowed_cores().back();
    pin_to_core(last);
    CHECK(allowed_cores() == std::vector<int>{last});
    std::vector<int> of_child;
    std::thread([&] { of_child = allowed_cores(); }).join();
    CHECK(of_child == std::vector<int>{last});
  }).join();
}
