// Sub-models of the first stages with classifiers behind them: DepthFL, InclusiveFL, ScaleFL.
#include <algorithm>
#include <cmath>

#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/objective.hpp"
#include "sim/learn/training/objectives/exit_losses.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "sim/method/registry.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/exits.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

World plain_world(const char* method) {
  CnnOptions cnn;
  cnn.channels = {4, 4, 4};
  cnn.norm = NormKind::none;
  World world(images(4, 8, 1, 60, 30), cnn, 3);
  world.parts.samples[1].resize(11);  // unequal weights
  world.method = find_method(method)->choices;
  return world;
}

World staged_world(const char* method, int stages = 3) {
  World world = plain_world(method);
  const bool all = world.method.split.exits.kind == ExitChoice::Kind::all;
  world.shape = with_exits(world.shape, stages, all, world.method.objective.kind == ObjectiveKind::mutual_exits);
  return world;
}

std::vector<float> start_of(const World& world) {
  return world.learner()->parameters(world.devices(), full_slice(world.shape));
}

std::vector<float> server_model(const World& world, const std::vector<WidthSlice>& slices, int rounds = 2) {
  const auto learner = world.learner();
  play(*learner, world, rounds, slices);
  return learner->parameters(world.devices(), full_slice(world.shape));
}

std::vector<float> tensor_of(const World& world, const std::vector<float>& model, const std::string& name) {
  std::vector<float> values;
  std::size_t at = 0;
  const ParameterLayout full(world.shape, full_slice(world.shape));
  SliceMap(world.shape, full, full_slice(world.shape)).for_each_run([&](int t, const Run& run) {
    for (std::int64_t i = 0; i < run.length; ++i, ++at)
      if (world.shape.tensors[static_cast<std::size_t>(t)].name == name) values.push_back(model[at]);
  });
  REQUIRE_FALSE(values.empty());
  return values;
}

double loss_of(ObjectiveKind kind, const ObjectiveChoice& choice, int round, int rounds,
               const std::vector<at::Tensor>& exits, const at::Tensor& target) {
  const World world = staged_world("depthfl");
  const Net net(world.shape);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const SliceMap map(world.shape, full, full_slice(world.shape));
  const at::Tensor start = at::zeros({full.size()});
  TrainingJob job;
  job.round = round;
  Batch batch;
  batch.target = target;
  const at::Tensor loss =
      objective_maker(kind)({choice, net, job, map, start, 1, rounds})->loss({exits.back(), {}, exits}, batch);
  loss.backward();
  return loss.item<double>();
}

const double kThird = 1.0 / 3;

}  // namespace

TEST_CASE("InclusiveFL whose devices all have the whole model is FedAvg, to the bit") {
  const World staged = staged_world("inclusivefl"), fedavg = plain_world("fedavg");
  const std::vector<float> with = server_model(staged, {fixed_slice(staged.shape, 1, 1)}),
                           without = server_model(fedavg, {}), before = start_of(staged);
  for (const ParameterTensor& tensor : fedavg.shape.tensors) {
    INFO(tensor.name);
    CHECK(tensor_of(staged, with, tensor.name) == tensor_of(fedavg, without, tensor.name));
  }
  CHECK(tensor_of(staged, with, "exit1.weight") == tensor_of(staged, before, "exit1.weight"));
}

TEST_CASE("stages and classifiers that no device has keep their values") {
  const char* method = GENERATE("depthfl", "inclusivefl", "scalefl");
  const World world = staged_world(method);
  const std::vector<float> before = start_of(world), after = server_model(world, {fixed_slice(world.shape, 1, kThird),
                                                                                  fixed_slice(world.shape, 1, 0.6),
                                                                                  fixed_slice(world.shape, 1, 0.6)});
  for (const ParameterTensor& tensor : world.shape.tensors) {
    INFO(method << " " << tensor.name);
    const bool is_of_third = tensor.name.find("conv3") == 0 || tensor.name.find("classifier") == 0;
    CHECK((tensor_of(world, before, tensor.name) != tensor_of(world, after, tensor.name)) == !is_of_third);
  }
}

TEST_CASE("a sub-model of one stage computes what the model computes up to its first classifier, to the bit") {
  const World world = staged_world("depthfl");
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const at::Tensor values = initial_values(world.shape, full, 1);
  const at::Tensor x = at::randn({5, 1, 8, 8}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto forward = [&](double depth) {
    const WidthSlice slice = fixed_slice(world.shape, 1, depth);
    const SliceMap map(world.shape, full, slice);
    return Net(world.shape).forward(x, map.part_layout().views(gather(map, values)), {});
  };
  const Net::Output one = forward(kThird), two = forward(0.6), all = forward(1);
  REQUIRE(one.exits.size() == 1);
  REQUIRE(two.exits.size() == 2);
  REQUIRE(all.exits.size() == 3);
  CHECK(at::equal(one.exits[0], all.exits[0]));
  CHECK(at::equal(two.exits[1], all.exits[1]));
  CHECK(at::equal(one.logits, one.exits[0]));
  CHECK(at::allclose(all.logits, (all.exits[0] + all.exits[1] + all.exits[2]) / 3));  // DepthFL's answer
  World last = staged_world("scalefl");
  const Net::Output whole = Net(last.shape).forward(x, full.views(values), {});
  CHECK(at::equal(whole.logits, whole.exits.back()));
}

TEST_CASE("DepthFL's classifiers learn from labels and from each other, by a weight that grows to 1 in 300 rounds") {
  CHECK(consistency_ramp(300, 300) == 1);
  CHECK(consistency_ramp(1000, 300) == 1);
  CHECK(consistency_ramp(0, 300) == Approx(std::exp(-5)));
  CHECK(consistency_ramp(150, 300) == Approx(std::exp(-1.25)));

  const at::Tensor first = at::tensor({0.0F, 0.0F}).view({1, 2}).requires_grad_(),
                   second = at::tensor({std::log(3.0F), 0.0F}).view({1, 2}).requires_grad_(),
                   target = at::tensor({0}, at::kLong);
  ObjectiveChoice choice;
  choice.weight = 1;
  const double labels = std::log(2) - std::log(0.75),
               apart = 0.75 * std::log(1.5) + 0.25 * std::log(0.5) + 0.5 * std::log(0.5 / 0.75) + 0.5 * std::log(2);
  CHECK(loss_of(ObjectiveKind::mutual_exits, choice, 300, 1000, {first, second}, target) == Approx(labels + apart));
  // Of a teacher no gradient: d KL(p2 || p1) / d z1 = p1 - p2, d CE1 / d z1 = p1 - (1, 0).
  CHECK(first.grad()[0][0].item<double>() == Approx(0.5 - 1 + 0.5 - 0.75));
  CHECK(second.grad()[0][0].item<double>() == Approx(0.75 - 1 + 0.75 - 0.5));
  CHECK(loss_of(ObjectiveKind::mutual_exits, choice, 0, 1000, {first, second}, target) ==
        Approx(labels + std::exp(-5) * apart));
  const at::Tensor third = at::zeros({1, 2}).requires_grad_();
  CHECK(loss_of(ObjectiveKind::mutual_exits, choice, 300, 1000, {first, second, third}, target) ==
        Approx(labels + std::log(2) + apart));  // two pairs that differ, over d - 1 = 2
  choice.weight = 0;
  CHECK(loss_of(ObjectiveKind::mutual_exits, choice, 300, 1000, {first, second}, target) == Approx(labels));
}

TEST_CASE(
    "ScaleFL's losses count by depth, and shallow classifiers learn from the deepest one after a quarter of the run") {
  const at::Tensor first = at::tensor({0.0F, 0.0F}).view({1, 2}).requires_grad_(),
                   second = at::tensor({2 * std::log(3.0F), 0.0F}).view({1, 2}).requires_grad_(),
                   target = at::tensor({0}, at::kLong);
  ObjectiveChoice choice;
  choice.weight = 1;
  choice.temperature = 2;
  const double one = std::log(2), two = -std::log(0.9),  // 9 : 1
      taught = 0.75 * std::log(1.5) + 0.25 * std::log(0.5);
  CHECK(loss_of(ObjectiveKind::taught_exits, choice, 24, 100, {first, second}, target) == Approx((one + 2 * two) / 3));
  second.mutable_grad().reset();
  CHECK(loss_of(ObjectiveKind::taught_exits, choice, 25, 100, {first, second}, target) ==
        Approx((one + 4 * taught + 2 * two) / 3));
  CHECK(second.grad()[0][0].item<double>() == Approx(2 * (0.9 - 1) / 3));  // of its label alone
}

TEST_CASE("InclusiveFL moves a size's last block by its own move and the mean move of the next size's blocks") {
  CnnOptions cnn;
  cnn.channels = {4, 4, 4};
  cnn.norm = NormKind::none;
  World world(images(4, 8, 1, 80, 30), cnn, 2);
  world.parts.samples[0].resize(20);  // a third of the weight
  world.method = find_method("inclusivefl")->choices;
  REQUIRE(world.method.merge.momentum_distillation == 0.2);
  world.shape = with_exits(world.shape, 3, false, false);
  const auto weights_of = [&](const std::vector<float>& model, const char* tensor) {
    return at::tensor(tensor_of(world, model, tensor), at::kDouble);
  };
  const at::Tensor start2 = weights_of(start_of(world), "conv2.weight"),
                   start3 = weights_of(start_of(world), "conv3.weight");
  const auto model = [&](double shallow, double beta) {
    world.method.merge.momentum_distillation = beta;
    return server_model(world, {fixed_slice(world.shape, 1, shallow), fixed_slice(world.shape, 1, 1)}, 1);
  };
  // The deep device trains the same beside a device that has the first stage alone.
  const std::vector<float> alone = model(kThird, 0), plain = model(0.6, 0), distilled = model(0.6, 0.2);
  const at::Tensor deep2 = weights_of(alone, "conv2.weight") - start2,
                   deep3 = weights_of(alone, "conv3.weight") - start3,
                   both2 = weights_of(plain, "conv2.weight") - start2, own2 = 3 * both2 - 2 * deep2,
                   expected = start2 + both2 + 0.2 / 3 * ((deep2 + deep3) / 2 - own2);
  CHECK(at::allclose(weights_of(distilled, "conv2.weight"), expected, 1e-4, 1e-6));
  CHECK_FALSE(at::allclose(weights_of(distilled, "conv2.weight"), start2 + both2, 1e-4, 1e-6));
  for (const char* other : {"conv1.weight", "conv3.weight", "exit2.weight", "classifier.weight"})
    CHECK(tensor_of(world, plain, other) == tensor_of(world, distilled, other));
}
