#include <set>

#include "sim/method/planner.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/depth.hpp"
#include "sim/shape/models.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

/// Four blocks that may be left out, of which the last two have four times the parameters of the first two.
Shape small_resnet_with_depth() {
  ResNetOptions spec;
  spec.widths = {8, 16};
  spec.blocks = {2, 3};
  return with_depth(build_shape(spec, {InputKind::image, 1, 4, 4, 10}));
}

}  // namespace

TEST_CASE("split=auto takes the widest slice that fits the device's memory") {
  Bench bench(method_named("heterofl"));
  bench.fleet.devices[0].memory_bytes = 20e3;
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  CHECK(plan.tasks[0].split < 1);
  CHECK(plan.tasks[0].peak_memory_bytes <= 20e3);
  CHECK(plan.tasks[1].split == 1);
  const LocalTraining training = local_training(bench.training, 20);
  const SliceCost wider = slice_cost(bench.shape, fixed_slice(bench.shape, plan.tasks[0].split + 1.0 / 64));
  const bool wider_is_larger = parameter_count(bench.shape, fixed_slice(bench.shape, plan.tasks[0].split + 1.0 / 64)) >
                               parameter_count(bench.shape, plan.tasks[0].slice);
  if (wider_is_larger) CHECK(peak_memory_bytes(wider, training) > 20e3);
}

TEST_CASE("where no slice fits, the advice names only what has an effect") {
  Bench bench(method_named("heterofl"));
  const auto advice = [&] {
    try {
      Planner planner(bench.setup());
    } catch (const UserError& error) {
      return error.mistakes().front().allowed;
    }
    return std::string();
  };
  bench.fleet.devices[0].memory_bytes = 1e3;
  CHECK(advice() == "a smaller model or batch, or more memory");
  bench.constraints.close = ConstraintOptions::Close::deadline;
  bench.constraints.deadline_seconds = 10;
  CHECK(advice() == "a smaller model or batch, or more memory, or a later deadline");
  bench.fleet.devices[0].memory_bytes.reset();
  bench.constraints.memory = ConstraintOptions::Memory::ignore;
  CHECK(advice() == "a property memory=\"512MiB\" of the host in the platform file");
}

TEST_CASE("levels are given to consecutive equal blocks of devices") {
  Bench bench(method_named("heterofl"), 6);
  bench.method.split.rate = {RateChoice::Kind::levels, {1, 0.5, 0.25}, false};
  Planner planner(bench.setup());
  std::vector<double> rates;
  for (const TrainTask& task : planner.plan(0).tasks) rates.push_back(task.split);
  CHECK(rates == std::vector<double>{1, 1, 0.5, 0.5, 0.25, 0.25});
}

TEST_CASE("shares of the blocks are given to consecutive equal blocks of devices, as levels of width are") {
  Bench bench(method_named("heterofl"), 6);
  bench.shape = small_resnet_with_depth();
  bench.method.split.rate.levels = {1};
  bench.method.split.depth = {1, 0.5, 0.25};
  Planner planner(bench.setup());
  std::vector<int> blocks;
  for (const TrainTask& task : planner.plan(0).tasks) blocks.push_back(task.slice.axes.back().length());
  CHECK(blocks == std::vector<int>{4, 4, 2, 2, 1, 1});
}

TEST_CASE("the automatic split fits a device's memory whichever blocks its window comes to") {
  for (const double memory : {20e3, 30e3, 40e3, 50e3}) {
    INFO("memory " << memory);
    Bench bench(method_named("fedrolex"), 1);
    bench.shape = small_resnet_with_depth();
    bench.method.split.rate.kind = RateChoice::Kind::automatic;
    bench.method.split.depth = {0.25};
    bench.fleet.devices[0].memory_bytes = memory;
    Planner planner(bench.setup());
    std::set<int> kept;
    for (int round = 0; round < 4; ++round) {
      const TrainTask task = planner.plan(round).tasks.front();
      for (int block = 0; block < 4; ++block)
        if (task.slice.axes.back().contains(block)) kept.insert(block);
      CHECK(task.peak_memory_bytes <= memory);
    }
    CHECK(kept == std::set<int>{0, 1, 2, 3});
  }
}

TEST_CASE("the automatic split keeps the deadline with the model's way there and back, and the energy of a round") {
  Bench bench(method_named("heterofl"), 1);
  bench.method.split.rate.kind = RateChoice::Kind::automatic;
  const auto widest = [&] { return Planner(bench.setup()).plan(0).tasks.front(); };
  CHECK(widest().split == 1);
  Device& phone = bench.fleet.devices[0];
  const double seconds = widest().training_flops / phone.speed_flops;  // nothing but FLOPs / speed is stated
  const double bytes = 4.0 * static_cast<double>(widest().parameters);

  bench.constraints.close = ConstraintOptions::Close::deadline;
  bench.constraints.deadline_seconds = 1.01 * seconds;
  CHECK(widest().split == 1);
  phone.from_server = phone.to_server = Route{0, bytes / seconds};  // each way takes as long as the training
  CHECK(widest().split < 1);
  bench.constraints.deadline_seconds = 3.01 * seconds;
  CHECK(widest().split == 1);

  bench.constraints = {};
  bench.constraints.energy_joules = 2 * seconds;
  CHECK_THROWS_AS(widest(), UserError);  // no power is stated
  phone.training_watts = 2;
  CHECK(widest().split == 1);
  phone.training_watts = 4;
  const TrainTask task = widest();
  CHECK(task.split < 1);
  CHECK(4 * task.training_flops / phone.speed_flops <= 2 * seconds);
}

TEST_CASE("redrawn levels are the same for the same seed and round, use every level, and never exceed the largest") {
  Bench bench(method_named("heterofl"), 6);
  bench.method.split.rate = {RateChoice::Kind::levels, {1, 0.5, 0.25}, true};
  const PlannerSetup setup = bench.setup();
  TaskCosts costs(setup);
  const Rates rates(setup, costs), again(setup, costs);
  std::set<double> seen;
  for (int round = 0; round < 10; ++round)
    for (NodeId device = 0; device < 6; ++device) {
      CHECK(rates.of(device, round) == again.of(device, round));
      CHECK(rates.of(device, round) <= rates.largest_of(device));
      seen.insert(rates.of(device, round));
    }
  CHECK(seen == std::set<double>{0.25, 0.5, 1});
}

TEST_CASE("split=device takes the platform's rate, and refuses a device that states none") {
  Bench bench(method_named("fedrolex"), 2);
  bench.method.split.rate.kind = RateChoice::Kind::device;
  bench.fleet.devices[0].split = 0.25;
  const PlannerSetup setup = bench.setup();
  TaskCosts costs(setup);
  CHECK_THROWS_WITH(Rates(setup, costs), ContainsSubstring("device phone-1 states no split"));
  bench.fleet.devices[1].split = 0.75;
  const Rates rates(setup, costs);
  CHECK(rates.of(0, 3) == 0.25);
  CHECK(rates.of(1, 3) == 0.75);
}

TEST_CASE("whole models have rate 1 on every device") {
  const Bench bench(method_named("fedavg"));
  const PlannerSetup setup = bench.setup();
  TaskCosts costs(setup);
  CHECK(Rates(setup, costs).of(3, 0) == 1);
}
