#include "sim/method/planner.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("local steps and epochs count a partial last batch") {
  TrainingOptions training;
  training.batch = 8;
  training.local_epochs = 2;
  CHECK(local_training(training, 20).optimiser_steps == 6);
  CHECK(local_training(training, 20).samples == 40);
  training.local_steps = 4;
  CHECK(local_training(training, 20).optimiser_steps == 4);
  CHECK(local_training(training, 20).samples == 28);
}

TEST_CASE("frozen models and copies cost memory and work only while the objective has them") {
  const Bench bench(method_named("moon")), plain(method_named("fedavg")), prox(method_named("fedprox"));
  const PlannerSetup setup = bench.setup(), plain_setup = plain.setup(), prox_setup = prox.setup();
  TaskCosts moon(setup), fedavg(plain_setup), fedprox(prox_setup);
  const WidthSlice full = full_slice(bench.shape);
  const TrainTask before = moon.task(0, 1, full), reference = fedavg.task(0, 1, full);
  CHECK(before.training_flops == reference.training_flops);
  moon.mark_trained(0);
  const TrainTask after = moon.task(0, 1, full);
  const double model = 4.0 * static_cast<double>(after.parameters);
  CHECK(after.training_flops ==
        before.training_flops + 2 * 2.0 * static_cast<double>(after.samples) * static_cast<double>(after.forward_macs));
  CHECK(after.peak_memory_bytes == before.peak_memory_bytes + 2 * model);
  CHECK(fedprox.task(0, 1, full).peak_memory_bytes == reference.peak_memory_bytes + model);
  CHECK(after.id == before.id + 1);
}
