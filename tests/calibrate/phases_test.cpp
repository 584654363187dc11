#include "sim/calibrate/phases.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "sim/base/median.hpp"
#include "sim/platform/profile.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

constexpr std::size_t kThings = 100, kPasses = 9;

double usual(std::size_t thing) {
  return 1e-3 * static_cast<double>(1 + thing % 7);
}

/// How far apart things are that should all be as many times slower.
template <class Found>
double spread(Found found) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < kThings; ++i) ratios.push_back(found(i) / usual(i));
  return *std::max_element(ratios.begin(), ratios.end()) / *std::min_element(ratios.begin(), ratios.end());
}

}  // namespace

TEST_CASE("what things take in relation to each other does not depend on the phases that they met") {
  std::vector<std::vector<double>> passes(kPasses);
  std::size_t moment = 0;
  for (auto& pass : passes)
    for (std::size_t i = 0; i < kThings; ++i) pass.push_back(usual(i) * (moment++ % 73 < 40 ? 1.4 : 1));
  const std::vector<double> found = at_usual_speed(passes);
  CHECK(spread([&](std::size_t i) { return found[i]; }) < 1.06);  // a phase's edges
  const auto median_alone = [&](std::size_t i) {
    std::vector<double> times;
    for (const auto& pass : passes) times.push_back(pass[i]);
    return median(times);
  };
  CHECK(spread(median_alone) > 1.3);
}

TEST_CASE("a machine that is slow most of the time is usually slow") {
  std::vector<std::vector<double>> passes(kPasses);
  for (std::size_t p = 0; p < kPasses; ++p)
    for (std::size_t i = 0; i < kThings; ++i) passes[p].push_back(usual(i) * (p > 2 ? 1.5 : 1));
  const std::vector<double> found = at_usual_speed(passes);
  for (std::size_t i = 0; i < kThings; ++i) CHECK(found[i] == Approx(1.5 * usual(i)));
}

TEST_CASE("without phases a thing's time is its median") {
  const std::vector<double> found = at_usual_speed({{1, 2, 3}, {1, 2, 3}, {1, 20, 3}});
  CHECK(found[0] == Approx(1));
  CHECK(found[1] == Approx(2));
  CHECK(found[2] == Approx(3));
}

TEST_CASE("a machine's speed over time is a profile with the median of each second, from the start on") {
  CHECK(speed_profile({{0.2, 1}, {0.4, 0.5}, {0.6, 0.9}, {3.5, 0.625}, {4.1, 1.25}}) ==
        "0 0.9\n3 0.625\n4 1.25\nPERIODICITY 5\n");
  CHECK(speed_profile({{7.9, 0.75}}) == "0 0.75\nPERIODICITY 8\n");
  std::vector<Mistake> mistakes;
  const Profile profile =
      parse_profile(speed_profile({{0.5, 1}, {1.5, 0.5}}), "f", 1, {}, ProfileKind::speed, mistakes);
  CHECK(mistakes.empty());
  CHECK(profile.events.size() == 2);
  CHECK(profile.period_seconds == 2.0);
}

TEST_CASE("a speed's variation is the spread of the logarithms of its seconds' medians") {
  // Seconds of e^0.1, e^-0.1 and 1: variance (0.01 + 0.01) / 2.
  CHECK(speed_variation({{0.1, std::exp(0.1)}, {0.5, std::exp(0.1)}, {0.9, 9}, {1.5, std::exp(-0.1)}, {7.2, 1}}) ==
        Approx(0.1));
  CHECK(speed_variation({{0.1, 1}, {0.9, 2}}) == 0);
}
