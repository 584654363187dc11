// Ordered dropout: what a step at a drawn width does, and what it has in common with FedAvg and HeteroFL.
#include <algorithm>
#include <cmath>

#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/local_training.hpp"
#include "sim/method/registry.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

World world_of(const char* method) {
  CnnOptions cnn;
  cnn.channels = {4, 8};
  World world(images(4, 8, 1, 90, 40), cnn, 3);
  world.parts.samples[1].resize(11);  // unequal weights
  world.method = find_method(method)->choices;
  return world;
}

World fjord_of(std::vector<double> widths) {
  World world = world_of("fjord");
  world.method.split.nested.widths = std::move(widths);
  return world;
}

std::vector<float> server_model(const World& world, const std::vector<WidthSlice>& slices) {
  const auto learner = world.learner();
  play(*learner, world, 3, slices);
  return learner->parameters(world.devices(), full_slice(world.shape));
}

// Trains with one step; `seed` decides the draw, and the batch by it.
Trained step_of(const World& world, const NestedChoice& nested, const WidthSlice& slice, std::uint64_t seed) {
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const Batches batches(world.data, world.shape);
  TrainingContext context{world.shape, full, batches, world.training, world.method.objective, false, seed};
  context.nested = nested;
  TrainingJob job;
  job.task.slice = slice;
  job.source = initial_values(world.shape, full, 1);
  job.samples = &world.parts.samples.front();
  return train(context, job);
}

// What the server has of the trained values, in the places of the whole model.
at::Tensor in_place(const World& world, const Trained& trained) {
  const ParameterLayout full(world.shape, full_slice(world.shape));
  at::Tensor whole = initial_values(world.shape, full, 1);
  scatter(SliceMap(world.shape, full, trained.slice), trained.values, whole);
  return whole;
}

}  // namespace

TEST_CASE("FjORD of whole models with the single width 1 is FedAvg, to the bit") {
  const World fjord = fjord_of({1}), fedavg = world_of("fedavg");
  CHECK(server_model(fjord, {}) == server_model(fedavg, {}));
}

TEST_CASE("FjORD with one width, equal weights and the plain loss is HeteroFL without its scaler, to the bit") {
  World fjord = fjord_of({0.5}), heterofl = world_of("heterofl");
  fjord.method.merge.weights = MergeChoice::Weights::uniform;
  heterofl.method.objective.kind = ObjectiveKind::cross_entropy;
  heterofl.method.objective.scaler = false;
  const std::vector<WidthSlice> half = {window_slice(fjord.shape, 0.5)};
  CHECK(server_model(fjord, half) == server_model(heterofl, half));
}

TEST_CASE("a step at a drawn width is a step of that sub-model alone, and leaves the rest of the device's as it was") {
  TransformerOptions transformer;  // heads are cut inside: their units are not neighbours
  transformer.embedding = 16, transformer.heads = 2, transformer.ffn = 32, transformer.layers = 1,
  transformer.window = 8;
  World words(text(7, 8, 60, 20), transformer, 3);
  words.method = find_method("fjord")->choices;
  for (World world : {fjord_of({0.5, 0.75, 1}), words}) {
    world.training.local_steps = 1;
    INFO(world.shape.name);
    const WidthSlice own = window_slice(world.shape, 0.75);
    int narrow = 0, wide = 0;
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      const at::Tensor drawn = in_place(world, step_of(world, {{0.5, 0.75, 1}, false}, own, seed));
      const bool is_narrow =
          at::equal(drawn, in_place(world, step_of(world, {}, window_slice(world.shape, 0.5), seed)));
      const bool is_wide = at::equal(drawn, in_place(world, step_of(world, {}, own, seed)));
      REQUIRE(is_narrow != is_wide);
      ++(is_narrow ? narrow : wide);
    }
    CHECK(narrow > 2);
    CHECK(wide > 2);
  }
}

TEST_CASE("self-distillation adds the gradient of the narrower sub-model on the whole one's predictions") {
  World world = fjord_of({0.5, 1});
  world.training.local_steps = 1;
  const WidthSlice whole = full_slice(world.shape);
  int distilled = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    const Trained both = step_of(world, {{0.5, 1}, true}, whole, seed), labels = step_of(world, {}, whole, seed);
    if (at::equal(both.values, labels.values)) {
      CHECK(both.mean_loss == labels.mean_loss);  // it drew the whole width: nobody learns from its own predictions
      continue;
    }
    ++distilled;
    CHECK(both.mean_loss > labels.mean_loss);
    // Outside the narrow sub-model the step is that of the labels alone.
    const ParameterLayout full(world.shape, whole);
    at::Tensor inside = at::zeros({full.size()});
    scatter(SliceMap(world.shape, full, window_slice(world.shape, 0.5)),
            at::ones({ParameterLayout(world.shape, window_slice(world.shape, 0.5)).size()}), inside);
    const at::Tensor more = both.values - labels.values;
    CHECK((more * (1 - inside)).abs().max().item<double>() == 0);
    CHECK((more * inside).abs().max().item<double>() > 0);
  }
  CHECK(distilled > 2);
  CHECK(distilled < 10);
}

TEST_CASE("each ring becomes the mean by samples over the devices whose width reaches it; a ring without any stays") {
  World world = fjord_of({0.25, 0.5, 1});
  const std::vector<WidthSlice> slices = {window_slice(world.shape, 0.5), window_slice(world.shape, 0.25),
                                          window_slice(world.shape, 0.5)};
  world.training.learning_rate = 0.5;
  const auto moved = world.learner();
  play(*moved, world, 1, slices);
  const std::vector<float> after = moved->parameters(world.devices(), full_slice(world.shape));
  // By hand: what each device trained, and its samples.
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const Batches batches(world.data, world.shape);
  TrainingContext context{world.shape, full, batches, world.training, world.method.objective, false, world.seed};
  context.nested = world.method.split.nested;
  at::Tensor sum = at::zeros({full.size()}, at::kDouble), weight = at::zeros({full.size()}, at::kDouble);
  const at::Tensor start = initial_values(world.shape, full, world.seed);
  for (int device = 0; device < world.devices(); ++device) {
    TrainingJob job;
    job.task.device = device;
    job.task.slice = slices[static_cast<std::size_t>(device)];
    job.source = start;
    job.samples = &world.parts.samples[static_cast<std::size_t>(device)];
    const Trained trained = train(context, job);
    at::Tensor values = at::zeros({full.size()}), held = at::zeros({full.size()});
    const SliceMap map(world.shape, full, trained.slice);
    scatter(map, trained.values, values);
    scatter(map, at::ones({map.part_size()}), held);
    const auto samples = static_cast<double>(job.samples->size());
    sum += values.to(at::kDouble) * samples;
    weight += held.to(at::kDouble) * samples;
  }
  const at::Tensor expected = at::where(weight > 0, sum / weight, start.to(at::kDouble));
  std::size_t place = 0;
  double furthest = 0;
  SliceMap(world.shape, full, full_slice(world.shape)).for_each_run([&](int, const Run& run) {
    for (std::int64_t i = 0; i < run.length; ++i, ++place)
      furthest =
          std::max(furthest, std::abs(static_cast<double>(after[place]) - expected[run.full + i].item<double>()));
  });
  CHECK(furthest < 1e-6);
}
