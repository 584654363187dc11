// FIARSE: sub-models of the largest weights, what their steps do, and how they are merged.
#include <cmath>

#include "sim/learn/training/importance.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/objective.hpp"
#include "sim/method/registry.hpp"
#include "sim/shape/importance.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

World world_of(const char* method, std::vector<double> kept = {}) {
  CnnOptions cnn;
  cnn.channels = {4, 8};
  World world(images(4, 8, 1, 60, 30), cnn, 2);
  world.method = find_method(method)->choices;
  if (!kept.empty()) world.method.importance.kept = std::move(kept);
  return world;
}

at::Tensor start_of(const World& world) {
  return initial_values(world.shape, ParameterLayout(world.shape, full_slice(world.shape)), world.seed);
}

/// Flat: 1 where a weight competes.
at::Tensor competing(const World& world) {
  const ParameterLayout full(world.shape, full_slice(world.shape));
  at::Tensor flat = at::zeros({full.size()});
  const std::vector<bool> all = competing_tensors(world.shape);
  for (std::size_t t = 0; t < all.size(); ++t)
    if (all[t]) full.view(flat, static_cast<int>(t)).fill_(1);
  return flat.eq(1);
}

at::Tensor thinned(const World& world, double share) {
  return largest_weights(world.shape, ParameterLayout(world.shape, full_slice(world.shape)), start_of(world), share);
}

/// The server's model after a round in which these devices' updates arrive.
at::Tensor after(const World& world, const std::vector<int>& arriving) {
  const auto learner = world.learner();
  const RoundPlan plan = world.round(0);
  learner->start(plan, all_tasks(plan));
  std::vector<Delivery> deliveries;
  for (const int device : arriving)
    deliveries.push_back({plan.tasks[static_cast<std::size_t>(device)].id, world.devices()});
  learner->merge(plan, deliveries);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const std::vector<float> values = learner->parameters(world.devices(), full_slice(world.shape));
  at::Tensor flat = at::zeros({full.size()});
  const SliceMap map(world.shape, full, full_slice(world.shape));
  std::size_t at = 0;
  map.for_each_run([&](int, const Run& run) {
    for (std::int64_t i = 0; i < run.length; ++i) flat[run.full + i] = values[at++];
  });
  return flat;
}

}  // namespace

TEST_CASE(
    "a share of the weights are the largest ones, biases and norms are always there, and smaller sizes lie in larger "
    "ones") {
  const World world = world_of("fiarse");
  const at::Tensor competes = competing(world), start = start_of(world);
  const std::int64_t all = competes.sum().item<std::int64_t>();
  REQUIRE(all == 4 * 9 + 8 * 4 * 9 + 8 * 4);
  CHECK(competing_weights(world.shape).all == all);
  CHECK(competing_weights(world.shape).kept(0.5) == all / 2);
  CHECK(competing_weights(world.shape).kept(1e-6) == 1);
  const at::Tensor quarter = thinned(world, 0.25), half = thinned(world, 0.5);
  CHECK(quarter.masked_select(competes).ne(0).sum().item<std::int64_t>() == all / 4);
  CHECK(at::equal(thinned(world, 1), start));
  CHECK(at::equal(quarter.masked_select(competes.logical_not()), start.masked_select(competes.logical_not())));
  CHECK(at::equal(quarter, at::where(quarter.ne(0), half, quarter)));
  const at::Tensor kept = start.abs().masked_select(competes.logical_and(quarter.ne(0))),
                   left = start.abs().masked_select(competes.logical_and(quarter.eq(0)));
  CHECK(kept.min().item<float>() > left.max().item<float>());
}

TEST_CASE("of weights of equal size as many are kept as the plan counts") {
  const World world = world_of("fiarse");
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const at::Tensor equal = at::full({full.size()}, 0.5F);
  const std::int64_t all = competing_weights(world.shape).all;
  for (const double share : {0.01, 0.25, 0.9}) {
    const at::Tensor kept = largest_weights(world.shape, full, equal, share).masked_select(competing(world)).ne(0);
    CHECK(kept.sum().item<std::int64_t>() == competing_weights(world.shape).kept(share));
  }
  REQUIRE(all == 356);
}

TEST_CASE("weights that a device does not have stay as they are, and the whole model learns almost what FedAvg does") {
  const World quarter = world_of("fiarse", {0.25}), whole = world_of("fiarse", {1});
  World fedavg = world_of("fedavg");
  fedavg.method.merge.weights = MergeChoice::Weights::uniform;
  const at::Tensor start = start_of(quarter), left_out = competing(quarter).logical_and(thinned(quarter, 0.25).eq(0));
  const at::Tensor trained = after(quarter, {0, 1});
  CHECK(at::equal(trained.masked_select(left_out), start.masked_select(left_out)));
  CHECK(trained.ne(start).sum().item<std::int64_t>() > 0);
  // theta is the smallest of all weights: few gradients are larger than FedAvg's by more than a little.
  const at::Tensor moved = after(whole, {0, 1}) - start, plain = after(fedavg, {0, 1}) - start;
  CHECK(at::cosine_similarity(moved, plain, 0).item<double>() > 0.998);
  CHECK_FALSE(at::equal(moved, plain));
}

TEST_CASE("an element moves by the mean over the devices that changed it") {
  const World world = world_of("fiarse", {1, 0.25});
  const at::Tensor start = start_of(world);
  const at::Tensor large = after(world, {0}) - start, small = after(world, {1}) - start, both = after(world, {0, 1});
  const at::Tensor changes = large.ne(0).to(at::kFloat) + small.ne(0).to(at::kFloat);
  REQUIRE(changes.eq(1).any().item<bool>());
  REQUIRE(changes.eq(2).any().item<bool>());
  CHECK(at::allclose(both, start + (large + small) / changes.clamp_min(1), 1e-5, 1e-6));
}

TEST_CASE("weights below the round's threshold do not count, and those above it get the gradient of their own choice") {
  World world(images(3, 2, 1, 9, 3), MlpOptions{{1}}, 1);
  const Net net(world.shape);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const SliceMap map(world.shape, full, full_slice(world.shape));
  at::Tensor start = at::zeros({full.size()});
  full.view(start, 0).copy_(at::tensor({0.5F, -0.25F, 0.0F, 1.0F}).view({1, 4}));  // theta = 0.25
  full.view(start, 2).fill_(2);
  TrainingJob job;
  ObjectiveChoice choice;
  const auto objective = objective_maker(ObjectiveKind::important_weights)({choice, net, job, map, start, 1});
  at::Tensor now = start.clone();
  full.view(now, 0).copy_(at::tensor({0.5F, -0.2F, 0.1F, 1.0F}).view({1, 4}));
  const std::vector<at::Tensor> changed = objective->changed(full.views(now));
  CHECK(at::equal(changed[0], at::tensor({0.5F, 0.0F, 0.0F, 1.0F}).view({1, 4})));
  CHECK(at::equal(changed[2], full.view(now, 2)));
  at::Tensor gradient = at::ones({full.trained_size()});
  objective->correct_gradient(gradient, now.narrow(0, 0, full.trained_size()));
  const at::Tensor weights = full.view(gradient, 0);
  CHECK(weights[0][0].item<double>() == Approx(1 + 2 * 0.5 * 0.25 / (0.75 * 0.75)));
  CHECK(weights[0][3].item<double>() == Approx(1 + 2 * 1 * 0.25 / (1.25 * 1.25)));
  CHECK(full.view(gradient, 1)[0].item<double>() == 1);  // a bias
}
