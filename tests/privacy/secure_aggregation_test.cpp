#include "sim/privacy/secure_aggregation.hpp"

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

double up(const SecureGroup& group) {
  return group.keys_up() + group.shares_up() + group.masked_up() + group.answer_up();
}
double down(const SecureGroup& group) {
  return group.keys_down() + group.shares_down();
}

SecureAggregation with_neighbours(std::optional<std::int64_t> neighbours) {
  SecureAggregation options;
  options.neighbours = neighbours;
  return options;
}

}  // namespace

TEST_CASE("a device's bytes are those that Bonawitz et al. print") {
  const SecureGroup small({}, 1 << 10, 1 << 20), large({}, 1 << 14, 1 << 24);
  CHECK(small.bits() == 26);
  CHECK(up(small) + down(small) == 3637120);
  CHECK((up(small) + down(small)) / (2.0 * (1 << 20)) == Approx(1.73).margin(0.005));
  CHECK(large.bits() == 30);
  CHECK((up(large) + down(large)) / (2.0 * (1 << 24)) == Approx(1.98).margin(0.005));
  // 2n a_K + (5n - 4) a_S + d b / 8.
  CHECK(up(small) + down(small) == 2.0 * 1024 * 32 + (5.0 * 1024 - 4) * 32 + 26.0 * (1 << 20) / 8);
}

TEST_CASE("all others as neighbours are the full graph, and fewer cost less") {
  const SecureGroup full({}, 100, 1000), all(with_neighbours(99), 100, 1000), many(with_neighbours(500), 100, 1000),
      few(with_neighbours(10), 100, 1000);
  CHECK(up(all) == up(full));
  CHECK(down(all) == down(full));
  CHECK(up(many) == up(full));
  CHECK(all.needed() == full.needed());
  CHECK(up(full) - up(few) == 3 * 89 * 32);
  CHECK(few.masked_up() == full.masked_up());
}

TEST_CASE("a sum needs two thirds of its devices, and never one alone") {
  CHECK(SecureGroup({}, 9, 1).needed() == 6);
  CHECK(SecureGroup({}, 10, 1).needed() == 7);
  CHECK(SecureGroup({}, 3, 1).needed() == 2);
  CHECK(SecureGroup({}, 1, 1).needed() == 2);
  CHECK(SecureGroup(with_neighbours(4), 100, 1).needed() == 80);  // 4 of 5 holders
}

TEST_CASE("computing is agreements, sharings and masks") {
  SecureAggregation options;
  options.agreement_seconds = 1;
  options.sharing_seconds = 100;
  options.mask_seconds = 1e-3;
  const SecureGroup group(options, 10, 2000);
  CHECK(group.agreeing_seconds() == 2 * 9 * 1 + 2 * 100);
  CHECK(group.masking_seconds() == Approx(10 * 2000 * 1e-3));
  // The server: n reconstructions, and masks of d elements for each that arrived or for each neighbour of one missing.
  CHECK(group.unmasking_seconds() == Approx(10 * 100 + 10 * 2));
  CHECK(group.unmasking_seconds() + 3 * group.more_seconds_for_missing() == Approx(10 * 100 + (7 + 3 * 9) * 2));
}
