#include "sim/learn/local_training.hpp"

#include "sim/base/error.hpp"
#include "sim/learn/initial.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {
Trained train_device(const World& world, int device, const WidthSlice& slice) {
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const Batches batches(world.data, world.shape);
  const TrainingContext context{world.shape, full, batches, world.training, world.method.objective, false, world.seed};
  TrainingJob job;
  job.task.device = device;
  job.task.slice = slice;
  job.source = initial_values(world.shape, full, world.seed);
  job.samples = &world.parts.samples[static_cast<std::size_t>(device)];
  return train(context, job);
}
}  // namespace

TEST_CASE("training learns, in full and in slices, whatever the model") {
  CnnSpec cnn;
  cnn.channels = {8, 16};
  TransformerSpec transformer;
  transformer.embedding = 16, transformer.heads = 2, transformer.ffn = 32, transformer.layers = 1,
  transformer.window = 8;
  LstmSpec lstm;
  lstm.embedding = 12, lstm.hidden = 16, lstm.window = 8;
  const Dataset pictures = images(4, 8, 1, 160, 100), words = text(7, 8, 160, 50);
  for (const auto& [data, model, chance] :
       {std::tuple(pictures, ModelSpec(MlpSpec{{16}}), 0.25), std::tuple(pictures, ModelSpec(cnn), 0.25),
        std::tuple(words, ModelSpec(transformer), 1.0 / 7), std::tuple(words, ModelSpec(lstm), 1.0 / 7)}) {
    World world(data, model, 1);
    world.training.optimiser = TrainingSpec::Optimiser::adam;
    world.training.learning_rate = 0.01;
    world.training.local_epochs = 4;
    world.method.merge.kind = MergeKind::overlap_mean;
    const auto learner = world.learner();
    play(*learner, world, 1, {window_slice(world.shape, 0.5, 1)});
    const Evaluation result = evaluate(*learner);
    INFO(world.shape.name);
    REQUIRE(*result.submodel_accuracy > 2 * chance);
  }
}

TEST_CASE("the order of a device's samples depends on the seed, the device and the round alone") {
  World world(images(4, 6, 1, 60, 10), MlpSpec{{8}}, 3);
  world.parts.samples[1] = world.parts.samples[0];
  const WidthSlice slice = window_slice(world.shape, 0.5);
  const Trained first = train_device(world, 0, slice), again = train_device(world, 0, slice);
  REQUIRE(at::equal(first.values, again.values));
  REQUIRE(first.mean_loss == again.mean_loss);
  REQUIRE_FALSE(at::equal(first.values, train_device(world, 1, slice).values));
  world.seed = 4;
  REQUIRE_FALSE(at::equal(first.values, train_device(world, 0, slice).values));
}

TEST_CASE("local steps replace epochs, over the end of the data") {
  World world(images(4, 6, 1, 20, 10), MlpSpec{{8}}, 1);
  const WidthSlice slice = full_slice(world.shape);
  const Trained epochs = [&] {
    world.training.local_epochs = 2;  // 3 batches each: 8, 8, 4
    return train_device(world, 0, slice);
  }();
  world.training.local_steps = 6;
  REQUIRE(at::equal(train_device(world, 0, slice).values, epochs.values));
  world.training.local_steps = 5;
  REQUIRE_FALSE(at::equal(train_device(world, 0, slice).values, epochs.values));
}

TEST_CASE("a loss that diverges ends the run with round, device and last finite loss") {
  World world(images(4, 6, 1, 60, 10), MlpSpec{{8}}, 2);
  world.training.learning_rate = 1e30;
  const auto learner = world.learner();
  RoundPlan plan = world.round(4);
  learner->start(plan, all_tasks(plan));
  REQUIRE_THROWS_AS(learner->merge(plan, to_server(plan, 2)), RunError);
  const auto again = world.learner();
  again->start(plan, all_tasks(plan));
  REQUIRE_THROWS_WITH(again->merge(plan, to_server(plan, 2)), ContainsSubstring("round 4, device 0") &&
                                                                  ContainsSubstring("last finite loss") &&
                                                                  ContainsSubstring("layer"));
}

TEST_CASE("the scaler divides activations before norms while training") {
  CnnSpec cnn;
  cnn.channels = {8};
  cnn.norm = NormKind::group;
  World world(images(4, 6, 1, 60, 10), cnn, 1);
  const auto train_at = [&](bool scaler) {
    world.method.objective.scaler = scaler;
    const auto learner = world.learner();
    RoundPlan plan = world.round(0, {window_slice(world.shape, 0.5)});
    plan.tasks[0].split = 0.5;
    return play(*learner, world, plan).front().mean_loss;
  };
  // A norm forgets a factor but for its epsilon: close, not equal.
  REQUIRE(train_at(true) == Approx(train_at(false)).epsilon(0.01));
  REQUIRE(train_at(true) != train_at(false));
}

TEST_CASE("everything on one node trains on all samples") {
  World world(images(4, 6, 1, 60, 10), MlpSpec{{8}}, 3);
  world.method.exchange.kind = ExchangeKind::central;
  world.method.merge.kind = MergeKind::none;
  const auto learner = world.learner();
  RoundPlan plan = world.round(0);
  plan.tasks.resize(1);
  plan.tasks[0].device = 3;
  learner->start(plan, {plan.tasks[0].id});
  const Evaluation untrained = evaluate(*learner);
  REQUIRE(learner->merge(plan, {}).size() == 1);
  const Evaluation result = evaluate(*learner);
  REQUIRE_FALSE(result.submodel_accuracy.has_value());
  REQUIRE(result.global_loss < untrained.global_loss);
}
