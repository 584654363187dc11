// Ordered dropout in the plan: which widths a device draws from, what that costs, and what does not go with it.
#include "sim/method/planner.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/nested_slices.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

Method fjord_at(RateChoice rate, bool distils = false) {
  Method method = method_named("fjord");
  method.split.rate = std::move(rate);
  method.split.nested = {{0.25, 0.5, 1}, distils};
  return method;
}

RateChoice given(double rate) {
  return {RateChoice::Kind::given, {rate}, false};
}

}  // namespace

TEST_CASE("the widths that a device draws from are those up to its own, each number of units once") {
  const Bench bench(fjord_at(given(0.5)));
  const WidthSlice half = fixed_slice(bench.shape, 0.5);
  CHECK(nested_slices(bench.shape, {1, 0.25, 0.5}, half) ==
        std::vector<WidthSlice>{fixed_slice(bench.shape, 0.25), half});
  // 8 and 12 channels: 0.49 and 0.5 are 4 and 6 of them.
  CHECK(nested_slices(bench.shape, {0.49, 0.5}, half) == std::vector<WidthSlice>{half});
}

TEST_CASE(
    "a device's work is the mean over its widths, with a pass of its own width in each step of self-distillation") {
  const Bench plain(fjord_at(given(1))), distilled(fjord_at(given(1), true)), half(fjord_at(given(0.5)));
  const PlannerSetup plain_setup = plain.setup(), distilled_setup = distilled.setup(), half_setup = half.setup();
  TaskCosts costs(plain_setup), with_teacher(distilled_setup), of_half(half_setup);
  const auto macs = [&](double rate) {
    return static_cast<double>(slice_cost(plain.shape, fixed_slice(plain.shape, rate)).training_macs);
  };
  const WidthSlice whole = full_slice(plain.shape);
  const double twice_samples = 2 * 20;
  CHECK(costs.task(0, 1, whole).training_flops ==
        Approx(twice_samples * (macs(0.25) + macs(0.5) + macs(1)) / 3).epsilon(1e-12));
  CHECK(with_teacher.task(0, 1, whole).training_flops ==
        Approx(twice_samples * ((macs(0.25) + macs(0.5)) / 3 + macs(1))).epsilon(1e-12));
  CHECK(of_half.task(0, 0.5, fixed_slice(half.shape, 0.5)).training_flops ==
        Approx(twice_samples * (macs(0.25) + macs(0.5)) / 2).epsilon(1e-12));
  // Computing follows; messages are those of the device's slice whatever it draws.
  const Bench heterofl(method_named("heterofl"));
  const PlannerSetup heterofl_setup = heterofl.setup();
  TaskCosts of_heterofl(heterofl_setup);
  const TrainTask task = costs.task(0, 1, whole);
  CHECK(costs.work_flops(task, 0) == Approx(task.training_flops));
  CHECK(costs.up(whole).bytes == of_heterofl.up(whole).bytes);
  CHECK(costs.down(whole).bytes == of_heterofl.down(whole).bytes);
}

TEST_CASE("auto takes the widest of the widths that fits, and a host's split must be one of them") {
  RateChoice rate;
  rate.kind = RateChoice::Kind::automatic;
  Bench bench(fjord_at(rate));
  const PlannerSetup large = bench.setup();
  TaskCosts costs(large);
  const double needed = costs.peak_memory_bytes(0, fixed_slice(bench.shape, 0.5));
  bench.fleet.devices[0].memory_bytes = needed;
  bench.fleet.devices[1].memory_bytes = 0.99 * needed;
  const PlannerSetup setup = bench.setup();
  TaskCosts again(setup);
  const Rates rates(setup, again);
  CHECK(rates.of(0, 0) == 0.5);
  CHECK(rates.of(1, 0) == 0.25);
  CHECK(rates.of(2, 0) == 1);

  bench.method.split.rate.kind = RateChoice::Kind::device;
  for (Device& device : bench.fleet.devices) device.split = 0.5;
  bench.fleet.devices[3].split = 0.4;
  const PlannerSetup stated = bench.setup();
  TaskCosts third(stated);
  CHECK_THROWS_WITH(Rates(stated, third), ContainsSubstring("device phone-3 states split=\"0.4\"") &&
                                              ContainsSubstring("one of 0.25, 0.5, 1"));
}
