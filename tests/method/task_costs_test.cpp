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
  CHECK(local_training(training, 20).short_steps == 2);
  CHECK(local_training(training, 16).short_steps == 0);
  CHECK(local_training(training, 5).short_steps == 0);  // a single batch, of five
  training.local_steps = 4;
  CHECK(local_training(training, 20).optimiser_steps == 4);
  CHECK(local_training(training, 20).samples == 28);
  CHECK(local_training(training, 20).short_steps == 1);
}

TEST_CASE("frozen models cost work only once there are some, memory from the start, copies memory always") {
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
  // Memory is one figure, the one by which devices are admitted.
  CHECK(before.peak_memory_bytes == after.peak_memory_bytes);
  CHECK(after.peak_memory_bytes == peak_memory_bytes(moon.cost_of(full), moon.largest_training_of(0)));
  CHECK(after.peak_memory_bytes >= reference.peak_memory_bytes + 2 * model);
  // The model that the round began with; and, where activations take less, the whole gradient beside a tensor's.
  const double proximal = fedprox.task(0, 1, full).peak_memory_bytes;
  CHECK(proximal >= reference.peak_memory_bytes + model);
  CHECK(proximal <= reference.peak_memory_bytes + 2 * model);
  CHECK(after.id == before.id + 1);
}
