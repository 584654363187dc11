#include "sim/platform/profile.hpp"

#include "tests/support/catch.hpp"

using msfusion::Mistake;
using msfusion::parse_profile;
using msfusion::Profile;
using msfusion::ProfileKind;

namespace {

std::vector<Mistake> mistakes_of(const std::string& text, ProfileKind kind = ProfileKind::state) {
  std::vector<Mistake> mistakes;
  parse_profile(text, "p", 1, {}, kind, mistakes);
  return mistakes;
}

}  // namespace

TEST_CASE("a profile's next date follows from its events and its period") {
  std::vector<Mistake> mistakes;
  const Profile once = parse_profile("# comment\n1 0\n2.5 1\n", "p", 1, {}, ProfileKind::state, mistakes);
  CHECK(once.next_date(0) == 1.0);
  CHECK(once.next_date(1) == 2.5);
  CHECK_FALSE(once.next_date(2.5));
  const Profile again = parse_profile("1 0\n2 1\nPERIODICITY 5\n", "p", 1, {}, ProfileKind::state, mistakes);
  CHECK(again.next_date(2) == 6.0);
  CHECK(again.next_date(1e6) == 1e6 + 1);
  const Profile after = parse_profile("1 0\n2 1\nLOOPAFTER 3\n", "p", 1, {}, ProfileKind::state, mistakes);
  CHECK(after.next_date(2) == 6.0);
  CHECK(mistakes.empty());
}

TEST_CASE("mistakes in a profile are named with their line") {
  REQUIRE(mistakes_of("5 0\n3 1\n").size() == 1);
  CHECK(mistakes_of("5 0\n3 1\n")[0].line == 2);
  CHECK(mistakes_of("0 1\nnow 0\n")[0].line == 2);
  CHECK(mistakes_of("0 0.5\n").size() == 1);
  CHECK(mistakes_of("0 0.5\n", ProfileKind::speed).empty());
  CHECK(mistakes_of("0 0\n", ProfileKind::bandwidth).size() == 1);
  CHECK(mistakes_of("-1 0\n").size() == 1);
  CHECK(mistakes_of("").size() == 1);
  CHECK(mistakes_of("1 0\n2 1\nPERIODICITY 1\n").size() == 1);
  CHECK(mistakes_of("0 1\nPERIODICITY 1e-300\n").size() == 1);  // its repetitions would never end
}
