#include "sim/base/seed.hpp"

#include <set>

#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("a derived seed depends on run, purpose, node and round, and on nothing else") {
  std::set<std::uint64_t> seeds;
  for (std::uint64_t run : {1, 2})
    for (Purpose purpose : {Purpose::partition, Purpose::batch_order})
      for (std::uint64_t node : {0, 1, 2})
        for (std::uint64_t round : {0, 1, 2}) seeds.insert(derive_seed(run, purpose, node, round));
  CHECK(seeds.size() == 2 * 2 * 3 * 3);
  CHECK(derive_seed(7, Purpose::cohort, 3, 5) == derive_seed(7, Purpose::cohort, 3, 5));
}
