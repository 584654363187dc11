#include "sim/method/overlap_schedule.hpp"

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

SplitChoice choice(SplitChoice::Overlap overlap, double control) {
  SplitChoice split;
  split.overlap = overlap;
  split.control = control;
  return split;
}

}  // namespace

TEST_CASE("a constant overlap stays, a linear one ends at 1") {
  OverlapSchedule constant(choice(SplitChoice::Overlap::constant, 0.3), 11);
  OverlapSchedule linear(choice(SplitChoice::Overlap::linear, 0.3), 11);
  CHECK(constant.control(10) == 0.3);
  CHECK(linear.control(0) == 0.3);
  CHECK(linear.control(5) == Approx(0.65));
  CHECK(linear.control(10) == Approx(1));
  CHECK(linear.control(11) == 1);  // of the round that the last plan announces
  linear.begin(5);
  CHECK(linear.current() == Approx(0.65));
  CHECK(OverlapSchedule(choice(SplitChoice::Overlap::linear, 0.3), 1).control(0) == 1);
}

TEST_CASE("without a control a constant overlap is none, and the others begin at a half") {
  SplitChoice split;
  for (const auto overlap : {SplitChoice::Overlap::linear, SplitChoice::Overlap::adaptive}) {
    split.overlap = overlap;
    CHECK(OverlapSchedule(split, 5).control(0) == 0.5);
  }
  split.overlap = SplitChoice::Overlap::constant;
  CHECK(OverlapSchedule(split, 5).control(0) == 1);
}

TEST_CASE("a linear overlap may grow: its control falls to the end that is given") {
  SplitChoice growing = choice(SplitChoice::Overlap::linear, 1);
  growing.control_end = 0.2;
  const OverlapSchedule schedule(growing, 5);
  CHECK(schedule.control(0) == 1);
  CHECK(schedule.control(1) == Approx(0.8));
  CHECK(schedule.control(4) == Approx(0.2));
  CHECK(schedule.control(5) == Approx(0.2));
}

TEST_CASE("the adaptive overlap moves after three rounds without a better loss, two rounds later") {
  OverlapSchedule schedule(choice(SplitChoice::Overlap::adaptive, 0.2), 100);
  const std::vector<double> losses = {3, 2, 2, 2, 2, 1, 1};
  std::vector<double> controls;
  for (int round = 0; round < 7; ++round) {
    schedule.begin(round);
    const double announced = schedule.control(round + 1);
    controls.push_back(schedule.current());
    schedule.observe(round, losses[static_cast<std::size_t>(round)]);
    schedule.begin(round + 1);
    CHECK(schedule.current() == announced);
  }
  // Rounds 2 to 4 bring nothing better than 2: a quarter of what is left to 1 from round 6 on.
  CHECK(controls == std::vector<double>{0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2 + 0.25 * 0.8});
}
