#include "sim/privacy/accountant.hpp"

#include <algorithm>
#include <cmath>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

// The conversion of Mironov 2017, which older libraries print.
double older_epsilon(const Accountant& accountant, int rounds, double delta) {
  double least = 1e300;
  for (std::size_t i = 0; i < Accountant::orders().size(); ++i)
    least = std::min(least, rounds * accountant.divergences()[i] - std::log(delta) / (Accountant::orders()[i] - 1));
  return least;
}

}  // namespace

TEST_CASE("epsilon is what Opacus and TensorFlow Privacy publish") {
  // Opacus's own test; its orders have tenths below 11, so that whole ones give a little more and never less.
  const double opacus = 7.32911117143, ours = Accountant(0.04, 1.5).epsilon(2250, 1e-5);
  CHECK(ours >= opacus);
  CHECK(ours <= 1.015 * opacus);
  // TensorFlow Privacy's tutorial: 60 epochs of MNIST.
  CHECK(older_epsilon(Accountant(256.0 / 60000, 1.1), 14063, 1e-5) == Approx(3.01).margin(0.006));
}

TEST_CASE("without sampling a round's divergence is that of the Gaussian mechanism, and sampling approaches it") {
  const Accountant whole(1, 2), almost(1 - 1e-12, 2);
  for (std::size_t i = 0; i < Accountant::orders().size(); ++i) {
    CHECK(whole.divergences()[i] == Approx(Accountant::orders()[i] / 8.0));
    CHECK(almost.divergences()[i] == Approx(whole.divergences()[i]));
  }
  // By hand at order 2: sum of the three terms is 1 + q^2 (exp(1 / z^2) - 1).
  CHECK(Accountant(0.1, 2).divergences()[0] == Approx(std::log1p(0.01 * std::expm1(0.25))));
}

TEST_CASE("epsilon falls with noise and rises with rounds and with the sampling rate") {
  CHECK(Accountant(0.1, 1).epsilon(0, 1e-5) == 0);
  for (const double rate : {0.01, 0.1, 0.5}) {
    for (const double noise : {0.6, 1.0, 2.0}) {
      INFO(rate << ", " << noise);
      const double epsilon = Accountant(rate, noise).epsilon(20, 1e-5);
      CHECK(epsilon > 0);
      CHECK(Accountant(rate, 1.1 * noise).epsilon(20, 1e-5) < epsilon);
      CHECK(Accountant(1.5 * rate, noise).epsilon(20, 1e-5) > epsilon);
      CHECK(Accountant(rate, noise).epsilon(21, 1e-5) > epsilon);
      CHECK(Accountant(rate, noise).epsilon(20, 1e-6) > epsilon);
    }
  }
}
