#include "sim/plan/run_limits.hpp"

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

RunLimits limits(const std::string& text) {
  const auto read = run_limits_type().parse(text);
  REQUIRE(read);
  return *read;
}

}  // namespace

TEST_CASE("limits of a run are read in any order, each once") {
  const RunLimits all = limits(" target 10min 0.5GB  50kJ ");
  CHECK(all.seconds == 600);
  CHECK(all.bytes == 5e8);
  CHECK(all.joules == 5e4);
  CHECK(all.target);
  CHECK(text_of(all) == "10 min or 500 MB or 50 kJ or target");
  CHECK(text_of(limits(run_limits_type().write(all))) == text_of(all));
  CHECK_FALSE(limits("1h").target);
  for (const char* wrong :
       {"", " ", "10", "0", "0s", "-1s", "10min 1h", "target target", "10 min", "5W", "goal", "nans", "10min,5MB"}) {
    INFO(wrong);
    CHECK_FALSE(run_limits_type().parse(wrong));
  }
}

TEST_CASE("a run ends before the round that would go beyond a limit") {
  struct Row {
    const char* until;
    int rounds;
    RunEnding ending;
  };
  // Rounds of 10 s, 100 B and 3 J.
  for (const Row& row : std::vector<Row>{{"35s", 3, RunEnding::time},
                                         {"40s", 4, RunEnding::time},
                                         {"399B", 3, RunEnding::traffic},
                                         {"12J", 4, RunEnding::energy},
                                         {"1h 250B", 2, RunEnding::traffic},
                                         {"1h", 9, RunEnding::rounds}}) {
    INFO(row.until);
    RunBudget budget(9, limits(row.until));
    int rounds = 0;
    while (budget.begin(rounds) && budget.charge(rounds, {10.0 * (rounds + 1), 100, 3})) ++rounds;
    CHECK(rounds == row.rounds);
    CHECK(budget.ended_by() == row.ending);
  }
}

TEST_CASE("the share of a run that is behind it is that of the limit that is nearest") {
  RunBudget budget(100, limits("1min 1kB"));
  REQUIRE(budget.charge(0, {15, 10, 1}));
  CHECK(budget.share_spent() == 0.25);
  REQUIRE(budget.charge(1, {16, 490, 1}));
  CHECK(budget.share_spent() == 0.5);
}

TEST_CASE("a target ends a run only where until names it") {
  RunBudget with(9, limits("target"), 0.6), without(9, limits("1h"), 0.6);
  for (const double accuracy : {0.1, 0.59}) with.note_accuracy(accuracy);
  CHECK_FALSE(with.ended_by());
  with.note_accuracy(0.6);
  CHECK(with.ended_by() == RunEnding::target);
  without.note_accuracy(0.9);
  CHECK_FALSE(without.ended_by());
}

TEST_CASE("a limit that the first round passes, and one on an unknown energy, fail with the reason") {
  RunBudget budget(9, limits("5s"));
  CHECK_THROWS_WITH(budget.charge(0, {10, 0, 0}),
                    ContainsSubstring("the first round would go beyond until=\"5 s\": 10 s"));
  RunBudget energy(9, limits("5J"));
  CHECK_THROWS_WITH(energy.charge(0, {10, 0, std::nullopt}), ContainsSubstring("states no power"));
}
