#include "reports/off_times.hpp"

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

using Times = std::vector<std::pair<double, double>>;

StateEvents profile(const std::vector<std::pair<double, bool>>& events, Maybe period) {
  StateEvents all;
  for (const auto& [seconds, is_on] : events)
    all.push_back({0, 0, static_cast<int>(all.size()), seconds, is_on, period});
  return all;
}

}  // namespace

TEST_CASE("a profile that happens once is off between its events, and to the end where none follows") {
  const StateEvents events = profile({{1, false}, {3, true}, {5, false}}, {});
  CHECK(off_times(events, 0, 10, 9).value() == Times{{1, 3}, {5, 10}});
  CHECK(off_times(events, 2, 6, 9).value() == Times{{2, 3}, {5, 6}});
  CHECK(off_times(events, 3, 5, 9).value().empty());
  CHECK(off_times(events, 0, 1, 9).value().empty());
}

TEST_CASE("a profile that repeats is off in every repetition, and keeps its last state until the next event") {
  const StateEvents events = profile({{2, true}, {8, false}}, 10.0);
  CHECK(off_times(events, 0, 25, 9).value() == Times{{8, 12}, {18, 22}});
  CHECK(off_times(events, 1000009, 1000019, 9).value() == Times{{1000009, 1000012}, {1000018, 1000019}});
  CHECK(off_times(events, 1000002, 1000008, 9).value().empty());
}

TEST_CASE("times that are too many are not listed at all") {
  const StateEvents events = profile({{0, true}, {1, false}}, 2.0);
  CHECK(off_times(events, 0, 20, 10).value().size() == 10);
  CHECK_FALSE(off_times(events, 0, 22, 10));
  CHECK_FALSE(off_times(events, 0, 1e12, 10));
}
