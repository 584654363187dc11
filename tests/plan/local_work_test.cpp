#include "sim/plan/local_work.hpp"

#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
SliceCost cost_of_mlp() {
  const Shape shape = build_shape(MlpSpec{{8}}, {InputKind::image, 1, 2, 2, 3});
  return slice_cost(shape, full_slice(shape));
}
Device device(double speed) {
  Device result;
  result.speed_flops = speed;
  return result;
}
}  // namespace

TEST_CASE("with unlimited memory bandwidth, compute time is FLOPs over speed plus the overhead of every step") {
  LocalTraining training;
  training.samples = 100;
  training.optimiser_steps = 10;
  const SliceCost cost = cost_of_mlp();
  // MACs: 4 x 8 forth and for the weights, 8 x 3 forth, for the weights and for the input.
  CHECK(training_flops(cost, training) == 2.0 * 100 * (2 * 32 + 3 * 24));
  Device phone = device(1e6);
  CHECK(compute_seconds(cost, training, phone) == Approx(training_flops(cost, training) / 1e6));
  phone.step_overhead_seconds = 0.002;
  CHECK(compute_seconds(cost, training, phone) == Approx(training_flops(cost, training) / 1e6 + 10 * 0.002));
}

TEST_CASE("a layer takes the longer of computing and moving its bytes") {
  LocalTraining training;
  training.samples = 100;
  training.optimiser_steps = 10;
  const SliceCost cost = cost_of_mlp();
  Device slow_memory = device(1e15);
  slow_memory.memory_bandwidth = 1e6;
  double bytes = 0;
  for (const LayerCost& layer : cost.layers)
    bytes += 100.0 * static_cast<double>(layer.training_bytes) + 10 * 3 * 4.0 * static_cast<double>(layer.parameters);
  bytes += 10 * 3 * 4.0 * static_cast<double>(cost.parameters);  // the updates
  CHECK(compute_seconds(cost, training, slow_memory) == Approx(bytes / 1e6).epsilon(1e-6));
}

TEST_CASE("memory counts parameters, gradients, optimiser state, frozen models and one batch of activations") {
  LocalTraining training;
  training.batch = 5;
  const SliceCost cost = cost_of_mlp();
  const double model = 4.0 * (4 * 8 + 8 + 8 * 3 + 3);
  const double activations = 5 * 4.0 * (4 + 8 + 8 + 3);  // input, hidden, ReLU, logits
  CHECK(peak_memory_bytes(cost, training) == 2 * model + activations);
  training.optimiser_slots = 2;
  training.frozen_models = 2;
  CHECK(peak_memory_bytes(cost, training) == 6 * model + activations);
}
