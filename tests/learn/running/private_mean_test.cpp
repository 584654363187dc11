// Differential privacy as it is learned with: laws of the clip, the sum and its noise.
#include <cmath>
#include <sstream>

#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

constexpr double kNoClip = 1e12;

World world_of(double clip, double noise = 0, int devices = 3) {
  CnnOptions spec;
  spec.channels = {4, 8};
  World world(images(4, 8, 1, 91, 40), spec, devices);  // unequal parts: the last device has one sample more
  world.method.privacy.clip = clip;
  world.method.privacy.noise = noise;
  world.method.privacy.delta = 1e-5;
  return world;
}

RoundPlan round_of(const World& world, int number, const std::vector<WidthSlice>& slices = {}) {
  RoundPlan plan = slices.empty() ? world.round(number) : world.round(number, slices);
  plan.private_cohort = world.devices();
  return plan;
}

std::vector<float> model_of(const Learner& learner, const World& world) {
  return learner.parameters(world.devices(), full_slice(world.shape));
}

// After one round, in which the first `arrive` devices' updates arrive.
std::vector<float> after_a_round(const World& world, const RoundPlan& plan, int arrive) {
  const auto learner = world.learner();
  std::vector<Delivery> deliveries = to_server(plan, world.devices());
  deliveries.resize(static_cast<std::size_t>(arrive));
  learner->start(plan, all_tasks(plan));
  learner->merge(plan, deliveries);
  return model_of(*learner, world);
}
std::vector<float> after_a_round(const World& world) {
  return after_a_round(world, round_of(world, 0), world.devices());
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return std::sqrt(sum);
}

std::vector<float> start_of(const World& world) {
  return model_of(*world.learner(), world);
}

World uniform(World world) {
  world.method.privacy = {};
  world.method.merge.weights = MergeChoice::Weights::uniform;
  return world;
}

void on_slices(World& world) {
  world.method.split.rule = SplitRule::rolling;
  world.method.merge.kind = MergeKind::overlap_mean;
}

}  // namespace

TEST_CASE("without noise and with a clip that nothing reaches, learning is unweighted FedAvg to the bit") {
  const World world = world_of(kNoClip), same_weights = uniform(world);
  const auto learner = world.learner(), plain = same_weights.learner();
  for (int round = 0; round < 3; ++round) {
    play(*learner, world, round_of(world, round));
    play(*plain, world, world.round(round));
  }
  REQUIRE(model_of(*learner, world) == model_of(*plain, world));
  REQUIRE(learner->privacy_figures().shortened == 0.0);
  World weighted = uniform(world);
  weighted.method.merge.weights = MergeChoice::Weights::samples;
  const auto by_samples = weighted.learner();
  for (int round = 0; round < 3; ++round) play(*by_samples, world, world.round(round));
  REQUIRE(model_of(*by_samples, world) != model_of(*plain, world));
}

TEST_CASE("on slices it is the unweighted mean of those that hold an element") {
  World world = world_of(kNoClip);
  on_slices(world);
  const std::vector<WidthSlice> slices = {window_slice(world.shape, 0.5, 0), window_slice(world.shape, 0.5, 1),
                                          window_slice(world.shape, 0.5, 2)};
  REQUIRE(after_a_round(world, round_of(world, 0, slices), 3) ==
          after_a_round(uniform(world), world.round(0, slices), 3));
}

TEST_CASE("no update is longer than the clip, whatever encodes it") {
  for (const EncodingKind kind : {EncodingKind::none, EncodingKind::qsgd, EncodingKind::sign, EncodingKind::topk}) {
    World world = world_of(0.01, 0, 1);
    world.method.encoding.kind = kind;
    world.method.encoding.ratio = 0.1;
    const auto learner = world.learner();
    std::vector<float> before = model_of(*learner, world);
    for (int round = 0; round < 3; ++round) {
      play(*learner, world, round_of(world, round));
      const std::vector<float> after = model_of(*learner, world);
      INFO(name_of(kEncodings, kind) << ", round " << round);
      CHECK(distance(before, after) > 0);
      CHECK(distance(before, after) <= 0.01);
      before = after;
    }
    CHECK(learner->privacy_figures().clip == 0.01);
    CHECK(learner->privacy_figures().shortened == 1.0);
  }
}

TEST_CASE("one device moves the sum by at most the clip: whole models and slices, noise and all") {
  for (const bool sliced : {false, true}) {
    World world = world_of(0.01, 0.5);
    if (sliced) on_slices(world);
    const WidthSlice here = window_slice(world.shape, 0.5, 0), there = window_slice(world.shape, 0.5, 2);
    const RoundPlan plan = sliced ? round_of(world, 0, {here, here, there}) : round_of(world, 0);
    const std::vector<float> with = after_a_round(world, plan, 3), without = after_a_round(world, plan, 2);
    INFO(sliced);
    // The last device's elements are divided by 3, or by 1 where it alone has them and nobody else does.
    CHECK(distance(with, without) > 0);
    CHECK(distance(with, without) <= 0.01 / (sliced ? 1 : 3) * 1.001);
  }
}

TEST_CASE("the noise has the stated deviation, and is drawn once for all devices") {
  const World quiet = world_of(0.5), noisy = world_of(0.5, 0.8);
  const std::vector<float> a = after_a_round(quiet), b = after_a_round(noisy);
  const double deviation = distance(a, b) / std::sqrt(static_cast<double>(a.size()));
  // z S / m; the deviation of n draws is known to 1 / sqrt(2 n).
  CHECK(deviation == Approx(0.8 * 0.5 / 3).epsilon(4 / std::sqrt(2.0 * static_cast<double>(a.size()))));
}

TEST_CASE("a fixed number divides the sum, whoever arrives, and elements that no slice has stay as they are") {
  World world = world_of(kNoClip);
  const RoundPlan plan = round_of(world, 0);
  const std::vector<float> start = start_of(world), all = after_a_round(world, plan, 1);
  World alone = uniform(world);
  const std::vector<float> one = after_a_round(alone, plan, 1);
  for (std::size_t i = 0; i < start.size(); ++i)
    REQUIRE(all[i] - start[i] == Approx((one[i] - start[i]) / 3).margin(1e-7));

  World sliced = world_of(0.5, 1);
  on_slices(sliced);
  const WidthSlice here = window_slice(sliced.shape, 0.5, 0);
  const std::vector<float> model = after_a_round(sliced, round_of(sliced, 0, {here}), 3);
  std::size_t moved = 0;
  for (std::size_t i = 0; i < start.size(); ++i) moved += model[i] != start[i] ? 1 : 0;
  CHECK(moved == static_cast<std::size_t>(parameter_count(sliced.shape, here)));
}

TEST_CASE("noise and moving clips are the same for any number of workers and after a restart") {
  World world = world_of(0.05, 0.1);
  world.method.privacy.clip_quantile = 0.5;
  World three = world;
  three.workers = 3;
  const auto whole = world.learner(), others = three.learner(), first = world.learner(), second = world.learner();
  for (int round = 0; round < 4; ++round) {
    play(*whole, world, round_of(world, round));
    play(*others, three, round_of(world, round));
    if (round < 2) play(*first, world, round_of(world, round));
  }
  REQUIRE((state_of(*others) == state_of(*whole)));
  std::istringstream saved(state_of(*first));
  second->restore(saved);
  for (int round = 2; round < 4; ++round) play(*second, world, round_of(world, round));
  REQUIRE((state_of(*second) == state_of(*whole)));
  CHECK(whole->privacy_figures().clip != 0.05);
  world.seed = 4;
  REQUIRE(after_a_round(world) != after_a_round(three));
}

TEST_CASE("a moving clip grows while updates are longer") {
  World world = world_of(1e-3);
  world.method.privacy.clip_quantile = 0.5;
  const auto learner = world.learner();
  for (int round = 0; round < 3; ++round) {
    play(*learner, world, round_of(world, round));
    CHECK(learner->privacy_figures().clip == Approx(1e-3 * std::exp(0.1 * round)));
  }
}

TEST_CASE("an empty round adds no noise") {
  const World world = world_of(0.5, 1);
  const RoundPlan plan = round_of(world, 0);
  REQUIRE(after_a_round(world, plan, 0) == start_of(world));
}
