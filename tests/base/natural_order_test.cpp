#include "sim/base/natural_order.hpp"

#include "tests/support/catch.hpp"

using msfusion::natural_less;

TEST_CASE("names with numbers are in the order of the numbers") {
  CHECK(natural_less("phone-2", "phone-10"));
  CHECK_FALSE(natural_less("phone-10", "phone-2"));
  CHECK(natural_less("phone-9", "phone-10a"));
  CHECK(natural_less("a", "b"));
  CHECK(natural_less("a", "a1"));
  CHECK(natural_less("a1b2", "a1b10"));
  CHECK(natural_less("a1", "a01"));
  CHECK_FALSE(natural_less("a01", "a1"));
  CHECK_FALSE(natural_less("same-3", "same-3"));
}
