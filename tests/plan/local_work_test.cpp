#include "sim/plan/local_work.hpp"

#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
SliceCost cost_of_mlp() {
  const Shape shape = build_shape(MlpOptions{{8}}, {InputKind::image, 1, 2, 2, 3});
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

TEST_CASE("a small last batch takes its own time, in which moving the weights may decide") {
  SliceCost cost;
  cost.parameters = 1000;
  LayerCost layer;
  layer.parameters = 1000;
  layer.training_macs = 3000;
  layer.training_bytes = 24;
  layer.out_features = layer.in_features = 10;
  cost.layers.push_back(layer);
  Device phone = device(6e6);
  phone.memory_bandwidth = 4e6;
  LocalTraining training;
  training.batch = 10;
  training.samples = 2 * 21;  // two epochs of 10, 10 and 1
  training.optimiser_steps = 6;
  training.short_steps = 2;
  // Ten samples compute for 60000 / 6e6 = 10 ms and move 12240 bytes in 3.06 ms; one computes for 1 ms and moves
  // 12024 bytes in 3.006 ms. Each update moves 12000 bytes in 3 ms. With mean batches of 7 it would be 60 ms.
  CHECK(compute_seconds(cost, training, phone) == Approx(4 * 10e-3 + 2 * 3.006e-3 + 6 * 3e-3));
}

TEST_CASE("overheads count per step, per layer and pass, and per frozen model") {
  LocalTraining training;
  training.samples = 100;
  training.optimiser_steps = 10;
  training.frozen_models = 2;
  const SliceCost cost = cost_of_mlp();
  Device bare = device(1e6), phone = bare;
  const double tensors = 2 * 2;  // weights and biases of both linear layers
  phone.layer_overhead_seconds = 1e-3;
  phone.frozen_overhead_seconds = 5e-3;
  const double layers = static_cast<double>(cost.layers.size()) - 2;  // linear layers have none but their tensors'
  // Three passes of training and one of each frozen model.
  CHECK(compute_seconds(cost, training, phone) - compute_seconds(cost, training, bare) ==
        Approx(10 * ((layers * 5 + tensors * 3) * 1e-3 + 2 * 5e-3)));
}

TEST_CASE("a product whose output is as wide as the narrow width takes twice as long") {
  LocalTraining training;
  training.samples = 10;
  training.optimiser_steps = 1;
  const Shape shape = build_shape(MlpOptions{{}}, {InputKind::image, 1, 2, 2, 3});  // 4 -> 3, nothing else
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  Device phone = device(1e6);
  const double wide = compute_seconds(cost, training, phone);
  phone.narrow_width = 3;
  CHECK(compute_seconds(cost, training, phone) == Approx(2 * wide));
  phone.dense_slowdown = 0.5;
  CHECK(compute_seconds(cost, training, phone) == Approx(3 * wide));
}

TEST_CASE(
    "weights that fit the cache move at its bandwidth, the rest at the memory's, and activations at the cache's") {
  LocalTraining training;
  training.samples = 10;
  training.optimiser_steps = 1;
  const Shape shape = build_shape(MlpOptions{{}}, {InputKind::image, 1, 2, 2, 3});  // 4 -> 3 with biases: 15 parameters
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  Device phone = device(1e15);
  phone.memory_bandwidth = 1e6;
  phone.cache_bandwidth = 1e9;
  phone.cache_bytes = 30;  // a quarter of weights and gradients
  REQUIRE(cost.layers.size() == 1);
  const double activations = 10.0 * static_cast<double>(cost.layers[0].training_bytes) / 1e9;
  const double weights = (3 + 3) * 4.0 * 15;  // three passes and the update
  CHECK(compute_seconds(cost, training, phone) == Approx(activations + weights * (0.25 / 1e9 + 0.75 / 1e6)));
  phone.cache_bytes = 120;
  CHECK(compute_seconds(cost, training, phone) == Approx(activations + weights / 1e9));
  // Products hide the activations' moves, but not the weights'.
  phone.speed_flops = 1e3;
  CHECK(compute_seconds(cost, training, phone) ==
        Approx(2.0 * 10 * static_cast<double>(cost.training_macs) / 1e3 + weights / 1e9));
}

TEST_CASE("a convolution computes whole vector registers of channels") {
  LocalTraining training;
  training.samples = 10;
  training.optimiser_steps = 1;
  CnnOptions spec;
  spec.channels = {12};
  spec.norm = NormKind::none;
  const Shape shape = build_shape(spec, {InputKind::image, 1, 4, 4, 3});
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  Device phone = device(1e6);
  const double exact = compute_seconds(cost, training, phone);
  phone.vector_width = 8;
  const auto convolution = static_cast<double>(cost.layers[0].training_macs);
  CHECK(compute_seconds(cost, training, phone) - exact == Approx(2.0 * 10 * convolution * (16.0 / 12 - 1) / 1e6));
}

TEST_CASE("Winograd's algorithm multiplies a quarter as often and transforms what it reads and writes") {
  LocalTraining training;
  training.samples = 10;
  training.optimiser_steps = 1;
  training.frozen_models = 1;
  CnnOptions spec;
  spec.channels = {32, 32};
  spec.pool_each = false;
  spec.norm = NormKind::none;
  const Shape shape = build_shape(spec, {InputKind::image, 1, 8, 8, 3});
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  REQUIRE(cost.layers[0].winograd_tiles == 0);  // one channel comes in
  REQUIRE(cost.layers[2].winograd_tiles == 4);
  const LayerCost& layer = cost.layers[2];
  Device phone = device(1e6);
  const double direct = compute_seconds(cost, training, phone);
  phone.winograd_seconds = 1e-3;
  const double saved = 2.0 * 10 * static_cast<double>(layer.training_macs + layer.forward_macs) * 0.75 / 1e6;
  const double transforms = (3 + 1) * 10 * 4 * 36 * (32 + 32) * 1e-3;  // passes, samples, tiles, elements, channels
  CHECK(compute_seconds(cost, training, phone) == Approx(direct - saved + transforms));
  training.optimiser_steps = 3;  // less than 5 samples a step have too few tiles
  const double several = compute_seconds(cost, training, phone);
  phone.winograd_seconds = 0;
  CHECK(compute_seconds(cost, training, phone) == Approx(several));
}

TEST_CASE("a pool pays for whole vector registers of what it looks at") {
  LocalTraining training;
  training.samples = 10;
  training.optimiser_steps = 1;
  CnnOptions spec;
  spec.channels = {12};
  const Shape shape = build_shape(spec, {InputKind::image, 1, 4, 4, 3});
  Device bare = device(1e6), phone = bare;
  phone.pool_seconds = 1e-3;
  phone.vector_width = bare.vector_width = 16;
  const auto extra = [&](int channels) {
    WidthSlice slice = full_slice(shape);
    slice.axes[0] = IndexSet::window(0, channels, 12);
    const SliceCost cost = slice_cost(shape, slice);
    return compute_seconds(cost, training, phone) - compute_seconds(cost, training, bare);
  };
  CHECK(extra(12) == Approx(3 * 10 * 16 * 16 * 1e-3));
  CHECK(extra(3) == extra(12));
}

TEST_CASE("exponentials, random draws and the steps of a recurrent layer take their time") {
  LocalTraining training;
  training.samples = 10;
  training.optimiser_steps = 2;
  training.frozen_models = 1;
  const auto extra = [&](const ModelOptions& spec, double Roofline::*figure) {
    const Shape shape = build_shape(spec, {InputKind::tokens, 1, 1, 6, 30});
    const SliceCost cost = slice_cost(shape, full_slice(shape));
    Device bare = device(1e6), phone = bare;
    phone.*figure = 1e-3;
    return compute_seconds(cost, training, phone) - compute_seconds(cost, training, bare);
  };
  TransformerOptions transformer;
  transformer.embedding = 8;
  transformer.heads = 2;
  transformer.ffn = 12;
  transformer.layers = 1;
  transformer.window = 6;
  // GELU of 12 features of 6 tokens; three passes and one of the frozen model.
  CHECK(extra(transformer, &Roofline::exponential_seconds) == Approx(4 * 10 * 6 * 12 * 1e-3));
  // Three dropouts of 8 features of 6 tokens; what is frozen drops nothing.
  CHECK(extra(transformer, &Roofline::random_seconds) == Approx(10 * 3 * 6 * 8 * 1e-3));
  LstmOptions lstm;
  lstm.embedding = 4;
  lstm.hidden = 5;
  lstm.window = 6;
  CHECK(extra(lstm, &Roofline::exponential_seconds) == Approx(4 * 10 * 6 * 5 * 5 * 1e-3));
  // The embedding is a kernel, the classifier none, a step of the recurrent layer is twelve.
  CHECK(extra(lstm, &Roofline::layer_overhead_seconds) == Approx(2 * (4 * (1 + 12 * 6) + 3 * 6) * 1e-3));
}

TEST_CASE("memory counts the model, optimiser state, frozen models, copies, and the largest moment of a step") {
  LocalTraining training;
  training.batch = 5;
  const SliceCost cost = cost_of_mlp();
  const double model = 4.0 * (4 * 8 + 8 + 8 * 3 + 3);
  // The ReLU's backward pass: input, hidden layer, its gradient coming and going, logits; the class is eight bytes.
  const double relu = 5 * (4.0 * (4 + 8 + 8 + 8 + 3) + 8), behind = 4.0 * (8 * 3 + 3);
  CHECK(peak_memory_bytes(cost, training) == model + relu + behind);
  // Where gradients are gathered, those of the classifier are held while it has its backward pass only.
  const double classifier = 5 * (4.0 * (4 + 8 + 8 + 3 + 3) + 8) + behind;
  training.gathers_gradient = true;
  training.optimiser_slots = 2;
  training.frozen_models = 2;
  CHECK(peak_memory_bytes(cost, training) == 6 * model + classifier);
  training.parameter_copies = 3;
  CHECK(peak_memory_bytes(cost, training) == 9 * model + classifier);
  training.batch = 1;
  training.update_copies = 1;  // the update holds more than a step of one sample
  CHECK(peak_memory_bytes(cost, training) == 10 * model);
}
