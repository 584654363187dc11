#include "sim/privacy/mechanism.hpp"

#include <cmath>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

PrivacyOptions with_noise(double noise) {
  PrivacyOptions options;
  options.clip = 1;
  options.noise = noise;
  options.delta = 1e-5;
  return options;
}

}  // namespace

TEST_CASE("a moving clip's two noises together are worth the stated one") {
  PrivacyOptions options = with_noise(0.8);
  CHECK(mechanism_of(options, 40).on_sum == 0.8);
  CHECK(mechanism_of(options, 40).on_share == 0);
  options.clip_quantile = 0.5;
  const Mechanism moving = mechanism_of(options, 40);
  // A count of +-1/2 with a deviation of 40 / 20 has a multiplier of 4; Gaussian mechanisms add by 1 / z^2.
  CHECK(1 / std::pow(moving.on_sum, 2) + 1.0 / 16 == Approx(1 / 0.64));
  CHECK(moving.on_share == 1.0 / 20);
  CHECK(most_noise(options, 40) == Approx(4));
}

TEST_CASE("the noise on a mean is that of the larger system that a simulation stands for") {
  PrivacyOptions options = with_noise(1.5);
  options.noise_cohort = 1000;
  options.population = 100000;
  CHECK(mechanism_of(options, 10).on_sum / 10 == Approx(1.5 / 1000));
  CHECK(sampling_rate(options, 10, 20) == Approx(0.01));
  options.noise_cohort = options.population = std::nullopt;
  CHECK(sampling_rate(options, 10, 20) == 0.5);
}

TEST_CASE("a clip rests where the wanted share of the updates is below it") {
  PrivacyOptions options = with_noise(0);
  options.clip_quantile = 0.5;
  CHECK(moved_clip(options, 3, 0.5) == 3);
  CHECK(moved_clip(options, 3, 1) == Approx(3 * std::exp(-0.1)));
  CHECK(moved_clip(options, 3, 0) == Approx(3 * std::exp(0.1)));
}
