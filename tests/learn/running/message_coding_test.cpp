// Learning with encoded messages: laws that tie it to learning without, to its parts, and to itself.
#include <sstream>

#include "sim/learn/running/state_file.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

World world_of(EncodingKind kind = EncodingKind::none, int workers = 1) {
  CnnOptions spec;
  spec.channels = {4, 8};
  World world(images(4, 8, 1, 90, 40), spec, 3);
  world.method.encoding.kind = kind;
  world.method.encoding.ratio = 0.1;
  world.method.merge.weights = MergeChoice::Weights::uniform;
  world.workers = workers;
  return world;
}

std::vector<float> model_of(const Learner& learner, const World& world) {
  return learner.parameters(world.devices(), full_slice(world.shape));
}

std::vector<float> trained(const World& world, int rounds = 3) {
  const auto learner = world.learner();
  play(*learner, world, rounds);
  return model_of(*learner, world);
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += std::pow(static_cast<double>(a[i] - b[i]), 2);
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("learning goes on with what was decoded, whichever the encoding") {
  const std::vector<float> plain = trained(world_of());
  for (const EncodingRow& row : kEncodings) {
    const std::vector<float> coded = trained(world_of(row.value));
    INFO(row.name);
    CHECK((coded == plain) == (row.value == EncodingKind::none));
    CHECK(distance(coded, plain) < distance(plain, std::vector<float>(plain.size(), 0.0F)));
  }
}

TEST_CASE("an encoding that sends everything equals none, to the bit") {
  for (const EncodingKind kind : {EncodingKind::topk, EncodingKind::randomk}) {
    World world = world_of(kind);
    world.method.encoding.ratio = 1;
    REQUIRE(trained(world) == trained(world_of()));
  }
}

TEST_CASE("one device's sixteen bits are the model that the server has") {
  World world = world_of(EncodingKind::fp16);
  world.parts.samples.resize(1);
  const auto learner = world.learner();
  play(*learner, world, 1);
  World plain = world_of();
  plain.parts.samples.resize(1);
  const std::vector<float> exact = trained(plain, 1), model = model_of(*learner, world);
  REQUIRE(model != exact);
  for (std::size_t i = 0; i < model.size(); ++i)
    REQUIRE(std::abs(model[i] - exact[i]) <= std::abs(exact[i]) / 2048 + 1e-7F);
}

TEST_CASE("results with encodings do not depend on the number of workers") {
  for (const EncodingRow& row : kEncodings) {
    INFO(row.name);
    World one = world_of(row.value, 1), three = world_of(row.value, 3);
    one.method.encoding.down = three.method.encoding.down = EncodingKind::int8;
    const auto a = one.learner(), b = three.learner();
    play(*a, one, 3);
    play(*b, three, 3);
    REQUIRE((state_of(*a) == state_of(*b)));
    REQUIRE(a->coding_errors().up == b->coding_errors().up);
    REQUIRE(a->coding_errors().down == b->coding_errors().down);
  }
}

TEST_CASE("a restored run with encodings goes on to the same bits, residuals included") {
  for (const EncodingRow& row : kEncodings) {
    INFO(row.name);
    const World world = world_of(row.value);
    const auto whole = world.learner(), first = world.learner(), second = world.learner();
    play(*whole, world, 4);
    play(*first, world, 2);
    std::istringstream saved(state_of(*first));
    second->restore(saved);
    for (int round = 2; round < 4; ++round) play(*second, world, world.round(round));
    REQUIRE((state_of(*second) == state_of(*whole)));
  }
}

TEST_CASE("a state that is cut within the residuals is refused") {
  const World world = world_of(EncodingKind::powersgd);
  const auto learner = world.learner();
  play(*learner, world, 1);
  const std::string state = state_of(*learner);
  std::istringstream cut(state.substr(0, state.size() - 9));
  REQUIRE_THROWS_AS(world.learner()->restore(cut), RunError);
}

TEST_CASE("what a lost message carried arrives with the next one") {
  // Two rounds that train nothing new: the first message is lost, the second brings what was trained before.
  World world = world_of(EncodingKind::topk);
  world.method.encoding.ratio = 1;
  world.parts.samples.resize(1);
  const auto learner = world.learner();
  const std::vector<float> start = model_of(*learner, world);
  const RoundPlan first = world.round(0);
  learner->start(first, all_tasks(first));
  learner->merge(first, {});
  REQUIRE(model_of(*learner, world) == start);
  const std::vector<float> update = trained(
      [&] {
        World plain = world_of();
        plain.parts.samples.resize(1);
        return plain;
      }(),
      1);
  world.parts.samples[0].clear();  // the learner reads it when a training starts
  play(*learner, world, world.round(1));
  const std::vector<float> later = model_of(*learner, world);
  REQUIRE(distance(later, start) > 0);
  REQUIRE(distance(later, update) < 1e-5 * distance(update, start));
}

TEST_CASE("what a lost message carried arrives with the next one, though trainings go on from round to round") {
  // A device's first update gets lost while another's arrives; its second brings what the first had, and no more.
  World world = world_of(EncodingKind::topk);
  world.method.encoding.ratio = 1;
  world.method.exchange.kind = ExchangeKind::asynchronous;
  world.method.merge.kind = MergeKind::staleness;
  const auto after = [&](bool is_lost) {
    const auto learner = world.learner();
    RoundPlan plan = world.round(0);
    plan.closing.keep_in_flight = true;
    learner->start(plan, all_tasks(plan));
    if (is_lost) learner->lose({0});
    learner->merge(plan, {{1, world.devices()}});
    learner->keep_in_flight({2});
    world.parts.samples[0].clear();  // its next training changes nothing
    RoundPlan next = world.round(1);
    next.tasks.resize(1);
    next.tasks.front().id = 3;
    next.closing.keep_in_flight = true;
    const std::vector<float> before = model_of(*learner, world);
    learner->start(next, all_tasks(next));
    learner->merge(next, {{3, world.devices()}});
    return distance(model_of(*learner, world), before);
  };
  const auto samples = world.parts.samples;
  CHECK(after(true) > 0);
  world.parts.samples = samples;
  CHECK(after(false) == 0);
}

TEST_CASE("residuals wait until their element is in the slice again") {
  World world = world_of(EncodingKind::sign);
  world.method.split.rule = SplitRule::rolling;
  world.method.merge.kind = MergeKind::overlap_mean;
  world.parts.samples.resize(1);
  const WidthSlice here = window_slice(world.shape, 0.5, 0), there = window_slice(world.shape, 0.5, 2);
  const auto with_rest = world.learner(), without = world.learner();
  play(*with_rest, world, world.round(0, {here}));
  std::istringstream saved(state_of(*with_rest));
  without->restore(saved);
  play(*with_rest, world, world.round(1, {there}));
  play(*with_rest, world, world.round(2, {here}));
  play(*without, world, world.round(2, {here}));
  // The residual of round 0 is used in round 2 whether or not another slice was trained in between.
  REQUIRE(with_rest->coding_errors().up.has_value());
  REQUIRE((state_of(*with_rest) != state_of(*without)));
}

TEST_CASE("a lossy way down is what devices start from, and what their updates are counted from") {
  World world = world_of(EncodingKind::topk);
  world.method.encoding.ratio = 1;
  world.method.encoding.down = EncodingKind::fp16;
  world.parts.samples.assign(1, {});  // nothing is trained: what comes back is what was received
  const auto learner = world.learner();
  const std::vector<float> start = model_of(*learner, world);
  play(*learner, world, 1);
  const std::vector<float> model = model_of(*learner, world);
  REQUIRE(model != start);
  for (std::size_t i = 0; i < model.size(); ++i)
    REQUIRE(std::abs(model[i] - start[i]) <= std::abs(start[i]) / 2048 + 1e-7F);
  REQUIRE(learner->coding_errors().down > 0);
  REQUIRE(learner->coding_errors().up == 0.0);
}

TEST_CASE("SCAFFOLD's variates are what sixteen bits make of them") {
  World world = world_of(EncodingKind::bf16);
  world.method.objective.kind = ObjectiveKind::control_variates;
  world.method.merge.kind = MergeKind::variates;
  world.method.encoding.down = EncodingKind::fp16;
  World plain = world;
  plain.method.encoding = {};
  const std::vector<float> coded = trained(world), exact = trained(plain);
  REQUIRE(coded != exact);
  REQUIRE(distance(coded, exact) < 0.05 * distance(exact, std::vector<float>(exact.size(), 0.0F)));
}

namespace {

World gossip(EncodingKind kind, double ratio = 0.1, std::optional<double> step = {}) {
  World world = world_of(kind);
  world.method.exchange.kind = ExchangeKind::peers;
  world.method.merge.kind = MergeKind::gossip;
  world.method.encoding.ratio = ratio;
  world.method.encoding.consensus_step = step;
  return world;
}

std::vector<std::vector<float>> models_of(const Learner& learner, const World& world) {
  std::vector<std::vector<float>> models;
  for (int device = 0; device < world.devices(); ++device)
    models.push_back(learner.parameters(device, full_slice(world.shape)));
  return models;
}

std::vector<std::vector<float>> gossiped(const World& world, int rounds) {
  const auto learner = world.learner();
  play(*learner, world, rounds);
  return models_of(*learner, world);
}

std::vector<float> mean_of(const std::vector<std::vector<float>>& models) {
  std::vector<double> sum(models.front().size());
  for (const auto& model : models)
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(model[i]);
  std::vector<float> mean;
  for (const double value : sum) mean.push_back(static_cast<float>(value / static_cast<double>(models.size())));
  return mean;
}

}  // namespace

TEST_CASE("CHOCO that sends everything, with a whole step, is D-PSGD") {
  const auto plain = gossiped(gossip(EncodingKind::none), 3), choco = gossiped(gossip(EncodingKind::topk, 1, 1.0), 3);
  for (std::size_t device = 0; device < plain.size(); ++device)
    CHECK(distance(choco[device], plain[device]) <
          1e-5 * distance(plain[device], std::vector<float>(plain[device].size())));
}

TEST_CASE("mixing leaves the mean over devices as it was, whichever the encoding") {
  World alone = gossip(EncodingKind::none);
  alone.method.exchange.kind = ExchangeKind::none;
  alone.method.merge.kind = MergeKind::none;
  const std::vector<float> start = models_of(*alone.learner(), alone).front();
  const auto trained_alone = gossiped(alone, 1);
  const std::vector<float> mean = mean_of(trained_alone);
  for (const EncodingRow& row : kEncodings) {
    INFO(row.name);
    if (row.votes) continue;  // a server counts them; peers refuse
    const auto mixed = gossiped(gossip(row.value), 1);
    CHECK(distance(mean_of(mixed), mean) < 1e-5 * distance(mean, start));
    // And devices have come nearer to each other.
    CHECK(distance(mixed[0], mixed[1]) < distance(trained_alone[0], trained_alone[1]));
  }
}

TEST_CASE("encoded gossip gives the same results with any number of workers, and restored") {
  for (const EncodingKind kind : {EncodingKind::int8, EncodingKind::topk, EncodingKind::powersgd}) {
    World one = gossip(kind), three = gossip(kind);
    three.workers = 3;
    const auto a = one.learner(), b = three.learner(), c = one.learner();
    play(*a, one, 2);
    std::istringstream saved(state_of(*a));
    c->restore(saved);
    for (int round = 2; round < 4; ++round) {
      play(*a, one, one.round(round));
      play(*c, one, one.round(round));
    }
    play(*b, three, 4);
    REQUIRE(state_of(*a) == state_of(*b));
    REQUIRE(state_of(*a) == state_of(*c));
  }
}

TEST_CASE("an element of MSfusion that two devices hold is the mean of what both of them sent") {
  World world = world_of(EncodingKind::fp16);
  world.parts.samples.resize(2);
  world.method.exchange.kind = ExchangeKind::peers;
  world.method.merge.kind = MergeKind::overlap_mean;
  world.method.merge.weights = MergeChoice::Weights::uniform;
  World plain = world;
  plain.method.encoding = {};
  const auto coded = world.learner(), exact = plain.learner();
  const std::vector<WidthSlice> slices = {window_slice(world.shape, 0.75, 0), window_slice(world.shape, 0.75, 2)};
  play(*coded, world, world.round(0, slices));
  play(*exact, plain, plain.round(0, slices));
  for (int device = 0; device < 2; ++device) {
    const auto a = coded->parameters(device, full_slice(world.shape)),
               b = exact->parameters(device, full_slice(world.shape));
    REQUIRE(a != b);
    REQUIRE(a == coded->parameters(1 - device, full_slice(world.shape)));  // holders agree
    for (std::size_t i = 0; i < a.size(); ++i) REQUIRE(std::abs(a[i] - b[i]) <= 0.01F);
  }
}

TEST_CASE("public copies catch up: devices that train no more come to agree, though each message brings a part") {
  for (const auto& [kind, left] : {std::pair(EncodingKind::topk, 0.05), {EncodingKind::sign, 0.4}}) {
    World world = gossip(kind, 0.2);
    const auto learner = world.learner();
    play(*learner, world, 1);
    const auto before = models_of(*learner, world);
    for (auto& samples : world.parts.samples) samples.clear();
    for (int round = 1; round < 60; ++round) play(*learner, world, world.round(round));
    const auto after = models_of(*learner, world);
    INFO(facts_of(kind).name);
    CHECK(distance(after[0], after[1]) < left * distance(before[0], before[1]));
    CHECK(distance(mean_of(after), mean_of(before)) < 1e-4 * distance(before[0], before[1]));
  }
}

TEST_CASE("FedNova and FedDyn merge what was decoded") {
  for (const MergeKind merge : {MergeKind::normalised, MergeKind::dynamic}) {
    const auto world_with = [&](EncodingKind kind, double ratio) {
      World world = world_of(kind);
      world.method.merge.kind = merge;
      world.method.encoding.ratio = ratio;
      if (merge == MergeKind::dynamic) {
        world.method.objective.kind = ObjectiveKind::dynamic;
        world.method.objective.weight = 0.1;
      }
      return world;
    };
    const std::vector<float> exact = trained(world_with(EncodingKind::none, 1));
    INFO(name_of(kMerges, merge));
    CHECK(trained(world_with(EncodingKind::topk, 1)) == exact);
    const std::vector<float> start = trained(world_with(EncodingKind::none, 1), 0);
    for (const EncodingKind kind : {EncodingKind::bf16, EncodingKind::int8}) {
      const std::vector<float> coded = trained(world_with(kind, 1));
      CHECK(coded != exact);
      CHECK(distance(coded, exact) < 0.2 * distance(exact, start));
    }
    // What error feedback left out comes later.
    CHECK(trained(world_with(EncodingKind::topk, 0.1)) != exact);
  }
}
