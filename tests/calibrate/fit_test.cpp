#include "sim/calibrate/fit.hpp"

#include <cmath>
#include <set>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

Device known_device() {
  Device device;
  device.speed_flops = 60e9;
  device.memory_bandwidth = 12e9;
  device.step_overhead_seconds = 40e-6;
  device.layer_overhead_seconds = 4e-6;
  device.frozen_overhead_seconds = 90e-6;
  device.cache_bytes = 2e6;
  device.cache_bandwidth = 40e9;
  device.narrow_width = 6;
  device.dense_slowdown = 0.5;
  device.vector_width = 8;
  device.winograd_seconds = 1e-9;
  device.pool_seconds = 1e-9;
  device.exponential_seconds = 3e-9;
  device.random_seconds = 8e-9;
  return device;
}

/// What the grid would take on that device.
std::vector<StepTime> steps_of(const Device& device, bool held_out) {
  std::vector<StepTime> steps;
  for (const GridPoint& point : calibration_grid({1})) {
    if (point.held_out != held_out) continue;
    StepTime step = step_of(point);
    step.cpu_seconds = predicted_seconds(step, device);
    steps.push_back(step);
  }
  return steps;
}

}  // namespace

TEST_CASE("a device that is as the roofline says is found from its times") {
  const Device found = fit_device(steps_of(known_device(), false));
  const FitError error = error_of(steps_of(known_device(), true), found);
  CHECK(error.median < 0.01);
  CHECK(error.worst < 0.05);
  CHECK(found.speed_flops == Approx(60e9).epsilon(0.1));
}

TEST_CASE("the spread of a fit is the root mean square of the logarithm of its errors") {
  std::vector<StepTime> steps = steps_of(known_device(), true);
  for (std::size_t i = 0; i < steps.size(); ++i) steps[i].cpu_seconds *= i % 2 == 0 ? std::exp(0.1) : std::exp(-0.1);
  CHECK(spread_of(steps, known_device()) == Approx(0.1));
}

TEST_CASE("spreads are told apart by the layers in which steps have most of their FLOPs") {
  std::vector<StepTime> steps = steps_of(known_device(), true);
  for (StepTime& step : steps)
    if (step.point.model.name.find("mlp") != std::string::npos) step.cpu_seconds *= std::exp(0.2);
  const auto spreads = spreads_by_layer(steps, known_device());
  CHECK(spreads.at("convolution") == Approx(0).margin(1e-12));
  CHECK(spreads.at("linear") > 0.1);
}

TEST_CASE("the error of a device that is half as fast is a half") {
  Device half = known_device();
  std::vector<StepTime> steps = steps_of(known_device(), true);
  for (StepTime& step : steps) step.cpu_seconds *= 2;
  const FitError error = error_of(steps, half);
  CHECK(error.median == Approx(0.5));
  CHECK(error.worst == Approx(0.5));
  CHECK(error.steps == static_cast<int>(steps.size()));
}

TEST_CASE("the grid has narrow slices, several batch sizes and models, and a third of it is held out") {
  const std::vector<GridPoint> grid = calibration_grid({1, 2});
  std::set<double> rates;
  std::set<int> batches, threads;
  std::set<std::string> models;
  std::size_t held_out = 0;
  for (const GridPoint& point : grid) {
    rates.insert(point.rate);
    batches.insert(point.batch);
    threads.insert(point.threads);
    models.insert(point.model.name);
    held_out += point.held_out;
  }
  CHECK(*rates.begin() == 0.125);
  CHECK(*rates.rbegin() == 1);
  CHECK(batches.size() == 3);
  CHECK(threads == std::set<int>{1, 2});
  CHECK(models.size() >= 3);
  CHECK(static_cast<double>(held_out) / static_cast<double>(grid.size()) == Approx(1.0 / 3).epsilon(0.05));
}
