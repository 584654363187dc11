// Accuracies of devices from those of classes.
#include <cmath>
#include <limits>

#include "sim/experiment/selection_records.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("a device's accuracy is the mean of its classes', and its tenths those of the devices") {
  Dataset data;
  data.train_images.labels = {0, 0, 0, 1, 1, 2};
  Partition parts;
  parts.samples = {{0, 1, 3}, {4, 5}, {}, {5}};
  const std::vector<double> classes = {0.9, 0.6, 0.3};
  const std::vector<double> devices = device_accuracies(data, parts, classes);
  CHECK(devices[0] == Approx(0.8));
  CHECK(devices[1] == Approx(0.45));
  CHECK(std::isnan(devices[2]));
  CHECK(devices[3] == Approx(0.3));
  const auto fairness = fairness_of(1, 4, data, parts, classes);
  REQUIRE(fairness);
  CHECK(fairness->devices == 3);
  CHECK(fairness->mean == Approx((0.8 + 0.45 + 0.3) / 3));
  CHECK(fairness->worst_tenth == Approx(0.3));
  CHECK(fairness->best_tenth == Approx(0.8));
  CHECK(fairness->deviation ==
        Approx(std::sqrt((0.2833 * 0.2833 + 0.0667 * 0.0667 + 0.2167 * 0.2167) / 3)).epsilon(1e-3));
  // A class that nobody tested leaves the devices that hold it without a figure.
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  CHECK_FALSE(fairness_of(1, 4, data, parts, {0.9, 0.6, unknown}));
  CHECK_FALSE(fairness_of(1, 4, data, parts, {}));
}
