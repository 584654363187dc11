// Steps with the mean update, and optimisers that last: what they must coincide with when a choice is neutral.
#include <algorithm>
#include <cmath>

#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "sim/shape/fragments.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

World world_of(int devices = 3, int samples = 90) {
  World world(images(4, 8, 1, samples, 40), MlpOptions{{12, 9}}, devices);
  world.method.merge.weights = MergeChoice::Weights::uniform;
  return world;
}

World with_adam(World world) {
  world.training.optimiser = TrainingOptions::Optimiser::adamw;
  world.training.learning_rate = 0.01;
  world.training.weight_decay = 0.1;
  return world;
}

World diloco(World world, double rate = 0.7, double beta = 0.9) {
  world.method.state = OptimiserState::keep;
  world.method.merge.kind = MergeKind::momentum;
  world.method.merge.server_learning_rate = rate;
  world.method.merge.beta1 = beta;
  world.method.merge.nesterov = true;
  return world;
}

World streaming(World world, int fragments, bool overlaps, double keep_local) {
  world = diloco(std::move(world));
  world.method.exchange.kind = ExchangeKind::stream;
  world.method.exchange.fragments = fragments;
  world.method.exchange.overlaps = overlaps;
  world.method.merge.kind = MergeKind::fragments;
  world.method.merge.keep_local = keep_local;
  return world;
}

at::Tensor start_of(const World& world) {
  return initial_values(world.shape, ParameterLayout(world.shape, full_slice(world.shape)), world.seed);
}

// The model that the method would deploy, in the layout of the message.
at::Tensor model_after(const World& world, int rounds) {
  const auto learner = world.learner();
  play(*learner, world, rounds);
  return at::tensor(learner->parameters(world.devices(), full_slice(world.shape)));
}

at::Tensor message_of(const World& world, const at::Tensor& flat) {
  std::vector<float> values;
  SliceMap(world.shape, ParameterLayout(world.shape, full_slice(world.shape)), full_slice(world.shape))
      .for_each_run([&](int, const Run& run) {
        values.insert(values.end(), flat.data_ptr<float>() + run.full, flat.data_ptr<float>() + run.full + run.length);
      });
  return at::tensor(values);
}

void require_close(const at::Tensor& a, const at::Tensor& b) {
  INFO("largest difference " << (a - b).abs().max().item<double>());
  REQUIRE(at::allclose(a, b, 1e-4, 2e-6));
}

}  // namespace

TEST_CASE("an optimiser that is kept goes on as if the rounds were one") {
  World world = world_of(1, 24);
  world.training.batch = 24;  // the whole part, so that rounds differ in nothing else
  const bool adam = GENERATE(true, false);
  if (adam)
    world = with_adam(world);
  else
    world.training.momentum = 0.9;
  world.method.state = OptimiserState::keep;
  world.training.local_steps = 1;
  const at::Tensor by_rounds = model_after(world, 3);
  World reset = world;
  reset.method.state = OptimiserState::reset;
  const at::Tensor forgetful = model_after(reset, 3);
  world.training.local_steps = 3;
  require_close(by_rounds, model_after(world, 1));
  CHECK_FALSE(at::allclose(by_rounds, forgetful, 1e-4, 1e-5));
}

TEST_CASE("with one step a round, averaged momentum is momentum on everybody's batch") {
  World apart = world_of(3, 72), together = world_of(1, 72);
  for (World* world : {&apart, &together}) {
    world->training.local_steps = 1;
    world->training.momentum = 0.9;
  }
  apart.training.batch = 24;
  together.training.batch = 72;
  apart.method.state = OptimiserState::average;
  together.method.state = OptimiserState::keep;
  require_close(model_after(apart, 4), model_after(together, 4));
  apart.method.state = OptimiserState::reset;
  CHECK_FALSE(at::allclose(model_after(apart, 4), model_after(together, 4), 1e-4, 1e-5));
}

TEST_CASE("a device that stays away keeps its optimiser, and one whose upload is lost keeps what it trained") {
  World world = world_of(1, 24);
  world.training.batch = 24;
  world.training.local_steps = 1;
  world.training.momentum = 0.9;
  world.method.state = OptimiserState::keep;
  const auto model_of = [&](bool loses) {
    const auto learner = world.learner();
    for (int t = 0; t < 3; ++t) {
      const RoundPlan plan = world.round(t);
      learner->start(plan, all_tasks(plan));
      learner->merge(plan, loses && t == 1 ? std::vector<Delivery>{} : to_server(plan, 1));
    }
    return at::tensor(learner->parameters(1, full_slice(world.shape)));
  };
  // Two gradients at w1: with the momentum m of the first, w = w1 - rate (0.9 (0.9 m + g) + g), g the gradient there.
  const at::Tensor start = message_of(world, start_of(world)), w1 = model_after(world, 1), w2 = model_after(world, 2);
  const at::Tensor m = (start - w1) / 0.05, g = (w1 - w2) / 0.05 - 0.9 * m;
  require_close(model_of(true), w1 - 0.05 * (0.9 * (0.9 * m + g) + g));
}

TEST_CASE("moments of elements that left a device's slice wait until they are in it again") {
  World world = world_of(1, 24);
  world.training.batch = 24;
  world.training.local_steps = 1;
  world.training.momentum = 0.9;
  world.method.state = OptimiserState::keep;
  world.method.merge.kind = MergeKind::overlap_mean;
  const auto learner = world.learner();
  const auto moved_by = [&](int t, const WidthSlice& slice) {
    const at::Tensor before = at::tensor(learner->parameters(1, full_slice(world.shape)));
    play(*learner, world, world.round(t, {slice}));
    return at::tensor(learner->parameters(1, full_slice(world.shape))) - before;
  };
  const at::Tensor first = moved_by(0, full_slice(world.shape));
  const WidthSlice half = window_slice(world.shape, 0.5);
  const at::Tensor second = moved_by(1, half);
  CHECK((second == 0).any().item<bool>());
  const at::Tensor third = moved_by(2, full_slice(world.shape));
  World anew = world;
  anew.method.state = OptimiserState::reset;
  const at::Tensor away = second == 0;
  // What stayed away has the first step's momentum once more: its own gradient is about as large as then.
  CHECK((third * first).masked_select(away).sum().item<double>() >
        1.5 * (first * first).masked_select(away).sum().item<double>());
}

TEST_CASE("DiLoCo without momentum is FedAvg with lasting optimisers, and its first step is 1.33 mean changes") {
  const World world = with_adam(world_of());
  World fedavg = world;
  fedavg.method.state = OptimiserState::keep;
  require_close(model_after(diloco(world, 1, 0), 3), model_after(fedavg, 3));
  const at::Tensor start = message_of(world, start_of(world));
  require_close(model_after(diloco(world), 1), start + 0.7 * 1.9 * (model_after(fedavg, 1) - start));
}

TEST_CASE("one device's DiLoCo without momentum is plain AdamW") {
  World world = with_adam(world_of(1, 24));
  world.training.batch = 24;
  world.training.local_steps = 2;
  const at::Tensor outer = model_after(diloco(world, 1, 0), 2);
  world.training.local_steps = 4;
  require_close(outer, model_after(world, 1));
}

TEST_CASE("an all-reduce gives what a server gives, to the bit") {
  World world = diloco(with_adam(world_of()));
  const at::Tensor at_server = model_after(world, 3);
  world.method.exchange.kind = ExchangeKind::all;
  CHECK(at::equal(model_after(world, 3), at_server));
}

TEST_CASE("data-parallel training is one optimiser on everybody's batch") {
  World apart = world_of(3, 72), together = world_of(1, 72);
  if (GENERATE(true, false)) apart = with_adam(apart), together = with_adam(together);
  for (World* world : {&apart, &together}) {
    world->training.local_steps = 1;
    world->training.batch = 72;
  }
  together.method.state = OptimiserState::keep;
  apart.training.batch = 24;
  apart.method.objective.kind = ObjectiveKind::gradient;
  apart.method.exchange.kind = ExchangeKind::all;
  apart.method.merge.kind = MergeKind::gradients;
  require_close(model_after(apart, 3), model_after(together, 3));
}

TEST_CASE("streaming DiLoCo of one fragment without delay and without local values is DiLoCo, to the bit") {
  const World world = with_adam(world_of());
  CHECK(at::equal(model_after(streaming(world, 1, false, 0), 3), model_after(diloco(world), 3)));
}

TEST_CASE("what overlaps computing arrives a round later") {
  const World world = with_adam(world_of());
  const World late = streaming(world, 1, true, 0);
  CHECK(at::equal(model_after(late, 1), message_of(world, start_of(world))));
  CHECK(at::equal(model_after(late, 2), model_after(streaming(world, 1, false, 0), 1)));
}

TEST_CASE("a round of streaming changes one fragment of the shared model, and mixes it into the devices' own") {
  const World world = streaming(with_adam(world_of()), 2, false, 0.25);
  const auto learner = world.learner();
  play(*learner, world, 1);
  const auto shared = learner->parameters(world.devices(), full_slice(world.shape)),
             own = learner->parameters(0, full_slice(world.shape));
  World alone = world;
  alone.method.exchange.kind = ExchangeKind::none;
  alone.method.merge.kind = MergeKind::none;
  const auto by_itself = alone.learner();
  play(*by_itself, alone, 1);
  const auto trained = by_itself->parameters(0, full_slice(world.shape));
  const at::Tensor start = start_of(world);
  const std::vector<int> fragment = fragment_of_tensors(world.shape, 2);
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  std::size_t at = 0;
  bool moved = false;
  SliceMap(world.shape, layout, full_slice(world.shape)).for_each_run([&](int tensor, const Run& run) {
    for (std::int64_t i = 0; i < run.length; ++i, ++at) {
      const float before = start.data_ptr<float>()[run.full + i];
      if (fragment[static_cast<std::size_t>(tensor)] == 0) {
        moved = moved || shared[at] != before;
        REQUIRE(std::abs(own[at] - (0.25F * trained[at] + 0.75F * shared[at])) < 1e-6F);
      } else {
        REQUIRE(shared[at] == before);
        REQUIRE(own[at] == trained[at]);
      }
    }
  });
  CHECK(moved);
}

TEST_CASE("fragments are whole layers in their order, of about equal size, and together the model") {
  const Shape shape = world_of().shape;
  for (const int count : {1, 2, 3}) {
    const std::vector<int> fragment = fragment_of_tensors(shape, count);
    CHECK(std::is_sorted(fragment.begin(), fragment.end()));
    std::int64_t all = 0;
    for (const std::int64_t size : fragment_sizes(shape, count)) all += size;
    CHECK(all == parameter_count(shape, full_slice(shape)));
    for (const Layer& layer : shape.layers)
      for (const int tensor : layer.tensors)
        CHECK(fragment[static_cast<std::size_t>(tensor)] == fragment[static_cast<std::size_t>(layer.tensors.front())]);
  }
}

TEST_CASE("asynchronous DiLoCo takes a part of each change at once, and momentum with every second one") {
  World world = world_of(2, 48);
  const at::Tensor start = message_of(world, start_of(world));
  const auto change_of = [&](int device) {
    const auto learner = world.learner();
    const RoundPlan plan = world.round(0);
    learner->start(plan, all_tasks(plan));
    learner->merge(plan, {{plan.tasks[static_cast<std::size_t>(device)].id, 2}});
    return start - at::tensor(learner->parameters(2, full_slice(world.shape)));
  };
  const at::Tensor first = change_of(0), second = change_of(1);
  world.method.exchange.kind = ExchangeKind::asynchronous;
  world.method.merge.kind = MergeKind::delayed_nesterov;
  world.method.merge.server_learning_rate = 0.7;
  world.method.merge.beta1 = 0.9;
  world.method.merge.momentum_every = 2;
  const auto learner = world.learner();
  RoundPlan plan = world.round(0);
  plan.closing.keep_in_flight = true;
  learner->start(plan, all_tasks(plan));
  learner->merge(plan, {{plan.tasks[0].id, 2}});
  require_close(at::tensor(learner->parameters(2, full_slice(world.shape))), start - 0.35 * first);
  RoundPlan next;
  next.round = 1;
  learner->merge(next, {{plan.tasks[1].id, 2}});
  // v = (first + second) / 2; w -= 0.7 (0.9 v + second / 2)
  require_close(at::tensor(learner->parameters(2, full_slice(world.shape))),
                start - 0.35 * first - 0.7 * (0.9 * (first + second) / 2 + second / 2));
}
