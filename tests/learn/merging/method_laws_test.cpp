// Methods that must coincide when one of their choices is neutral.
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <cmath>
#include <sstream>

#include "sim/base/seed.hpp"
#include "sim/learn/kernels/batch_norm.hpp"
#include "sim/learn/kernels/linear.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

// The first tensor of every state is the model, or the list of the devices' models.
at::Tensor model_of(const Learner& learner, bool own_models = false) {
  std::istringstream in(state_of(learner));
  StateReader reader(in);
  reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
  return own_models ? reader.tensors().front() : reader.tensor();
}

CnnOptions small_cnn() {
  CnnOptions spec;
  spec.channels = {4, 8};
  return spec;
}

World world_of() {
  return World(images(4, 8, 1, 90, 40), small_cnn(), 3);
}

at::Tensor trained(const World& world, int rounds = 2, std::vector<WidthSlice> slices = {}) {
  const auto learner = world.learner();
  play(*learner, world, rounds, std::move(slices));
  return model_of(*learner);
}

void require_close(const at::Tensor& a, const at::Tensor& b) {
  INFO("largest difference " << (a - b).abs().max().item<double>());
  REQUIRE(at::allclose(a, b, 1e-5, 1e-6));
}

}  // namespace

TEST_CASE("one device's FedAvg is plain SGD, to the bit") {
  World world(images(4, 8, 1, 42, 10), small_cnn(), 1);
  world.training.momentum = 0.9;
  world.training.weight_decay = 1e-3;
  world.training.local_epochs = 2;
  const at::Tensor result = trained(world, 1);

  // The same network and optimiser written out by hand with tensors of their own.
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed);
  std::vector<at::Tensor> w, momentum(static_cast<std::size_t>(layout.tensors()));
  for (int t = 0; t < layout.tensors(); ++t) {
    at::Tensor copy = at::empty_like(layout.view(start, t));
    copy.copy_(layout.view(start, t));
    w.push_back(copy.requires_grad_());
  }
  auto order = at::make_generator<at::CPUGeneratorImpl>(derive_seed(world.seed, Purpose::batch_order, 0, 0));
  const ImageSet& set = world.data.train_images;
  const at::Tensor pixels =
      at::from_blob(const_cast<std::uint8_t*>(set.pixels.data()), {set.size(), 1, 8, 8}, at::kByte).to(at::kFloat);
  const at::Tensor labels =
      at::from_blob(const_cast<std::int32_t*>(set.labels.data()), {set.size()}, at::kInt).to(at::kLong);
  for (int epoch = 0; epoch < 2; ++epoch) {
    const at::Tensor permutation = at::randperm(set.size(), order, at::kLong);
    for (std::int64_t begin = 0; begin < set.size(); begin += 8) {
      const at::Tensor rows = permutation.narrow(0, begin, std::min<std::int64_t>(8, set.size() - begin));
      const at::Tensor x = (pixels.index_select(0, rows) * (1.0F / (255.0F * 0.25F)) + (-0.5F / 0.25F))
                               .contiguous(at::MemoryFormat::ChannelsLast);
      at::Tensor h = at::conv2d(x, w[0], {}, 1, 1);
      h = at::max_pool2d(batch_norm(h, w[1], w[2], 1e-5, AfterNorm::relu), 2, 2);
      h = at::conv2d(h, w[3], {}, 1, 1);
      h = at::max_pool2d(batch_norm(h, w[4], w[5], 1e-5, AfterNorm::relu), 2, 2);
      h = linear(h.mean({2, 3}), w[6], w[7]);
      at::cross_entropy_loss(h, labels.index_select(0, rows)).backward();
      const torch::autograd::AutoGradMode no_gradient(false);
      for (std::size_t t = 0; t < w.size(); ++t) {
        at::Tensor g = w[t].grad().add(w[t], 1e-3);
        momentum[t] = momentum[t].defined() ? momentum[t].mul(0.9).add(g) : g.clone();
        w[t].add_(momentum[t], -0.05);
        w[t].mutable_grad().reset();
      }
    }
  }
  for (int t = 0; t < layout.tensors(); ++t) {
    INFO(world.shape.tensors[static_cast<std::size_t>(t)].name);
    REQUIRE(at::equal(layout.view(result, t), w[static_cast<std::size_t>(t)]));
  }
}

TEST_CASE("FedAvg weighs devices by their samples") {
  World world(images(3, 6, 1, 30, 10), MlpOptions{{5}}, 2);
  world.parts.samples = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, {20, 21, 22, 23, 24}};
  const at::Tensor both = trained(world, 1);
  const auto alone = [&](int device) {
    const auto learner = world.learner();
    const RoundPlan plan = world.round(0);
    learner->start(plan, all_tasks(plan));
    learner->merge(plan, {{plan.tasks[static_cast<std::size_t>(device)].id, 2}});
    return model_of(*learner);
  };
  require_close(both, 0.8 * alone(0) + 0.2 * alone(1));
}

TEST_CASE("neutral objectives and server rules equal FedAvg") {
  World world = world_of();
  const at::Tensor fedavg = trained(world);

  SECTION("FedProx with mu 0") {
    world.method.objective.kind = ObjectiveKind::proximal;
    REQUIRE(at::equal(trained(world), fedavg));
  }
  SECTION("MOON with mu 0") {
    world.method.objective.kind = ObjectiveKind::model_contrastive;
    REQUIRE(at::equal(trained(world), fedavg));
  }
  SECTION("FedAvgM with beta 0") {
    world.method.merge.kind = MergeKind::momentum;
    world.method.merge.beta1 = 0;
    REQUIRE(at::equal(trained(world), fedavg));
  }
  SECTION("SCAFFOLD while its variates are zero") {
    world.method.objective.kind = ObjectiveKind::control_variates;
    world.method.merge.kind = MergeKind::variates;
    World plain = world_of();
    REQUIRE(at::equal(trained(world, 1), trained(plain, 1)));
    REQUIRE_FALSE(at::allclose(trained(world, 2), fedavg));
  }
  SECTION("masked cross-entropy where every device has every class") {
    world.method.objective.kind = ObjectiveKind::masked_cross_entropy;
    REQUIRE(at::equal(trained(world), fedavg));
  }
  SECTION("split learning with FedAvg's merge") {
    world.method.exchange.kind = ExchangeKind::split;
    REQUIRE(at::equal(trained(world), fedavg));
  }
}

TEST_CASE("with every device at rate 1 partial training is FedAvg") {
  World world = world_of();  // 30 samples each, so that samples and devices weigh the same
  const at::Tensor fedavg = trained(world);
  world.method.merge.kind = MergeKind::overlap_mean;
  SECTION("HeteroFL") {
    REQUIRE(at::equal(trained(world), fedavg));
  }
  SECTION("HeteroFL's scaler at rate 1") {
    world.method.objective.scaler = true;
    REQUIRE(at::equal(trained(world), fedavg));
  }
  SECTION("FedRolex, whose window then only permutes the units") {
    require_close(trained(world, 2, {window_slice(world.shape, 1, 2)}), fedavg);
  }
  SECTION("MSfusion on a complete graph") {
    world.method.exchange.kind = ExchangeKind::peers;
    REQUIRE(at::equal(trained(world), fedavg));
  }
}

TEST_CASE("DFedAvg on a complete graph gives every device the FedAvg mean") {
  World world = world_of();
  const at::Tensor fedavg = trained(world);
  world.method.exchange.kind = ExchangeKind::peers;
  world.method.merge.kind = MergeKind::gossip;
  const auto learner = world.learner();
  play(*learner, world, 2);
  require_close(model_of(*learner, true), fedavg);
}

TEST_CASE("FedProx pulls towards the round's start") {
  World world(images(4, 8, 1, 90, 40), MlpOptions{{16}}, 1);
  world.training.local_epochs = 3;
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed);
  const auto moved = [&](double mu) {
    world.method.objective.kind = ObjectiveKind::proximal;
    world.method.objective.weight = mu;
    return (trained(world, 1) - start).norm().item<double>();
  };
  REQUIRE(moved(1) < 0.9 * moved(0));
  REQUIRE(moved(10) < moved(1));
}

TEST_CASE("SCAFFOLD's variates are the devices' mean gradients, and the server's is their mean") {
  World world(images(4, 8, 1, 90, 40), MlpOptions{{8}}, 3);
  world.method.objective.kind = ObjectiveKind::control_variates;
  world.method.merge.kind = MergeKind::variates;
  world.training.momentum = GENERATE(0.0, 0.9);
  // With momentum a constant gradient of 1 moves 1 + 1.9 + 2.71 + 3.439 rates in four steps.
  const double distance = world.training.momentum > 0 ? 9.049 : 4;
  const auto learner = world.learner();
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed);
  at::Tensor after_one;
  for (int t = 0; t < 2; ++t) {
    play(*learner, world, world.round(t));
    std::istringstream in(state_of(*learner));
    StateReader reader(in);
    reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
    const at::Tensor model = reader.tensor(), server = reader.tensor();
    const std::vector<at::Tensor> devices = reader.tensors();
    require_close(server, at::stack(devices).mean(0));
    // 30 samples a device in batches of 8: 4 steps; averaged over devices the formula is c+ = (x - mean y) / (distance
    // eta).
    require_close(server, ((t == 0 ? start : after_one) - model) / (distance * world.training.learning_rate));
    REQUIRE(devices[0].abs().max().item<double>() > 0);
    REQUIRE_FALSE(at::allclose(devices[0], devices[1]));
    after_one = model;
  }
}

TEST_CASE("FedNova is FedAvg where all devices take as many steps") {
  World world = world_of();
  world.training.momentum = GENERATE(0.0, 0.9);
  const at::Tensor fedavg = trained(world);
  world.method.merge.kind = MergeKind::normalised;
  require_close(trained(world), fedavg);
  world.method.objective.kind = ObjectiveKind::proximal;
  require_close(trained(world), fedavg);
}

TEST_CASE("FedNova divides each update by its steps and goes as far as the mean of the steps") {
  World world(images(3, 6, 1, 30, 10), MlpOptions{{5}}, 2);  // batches of 8: 3 steps and 1
  world.parts.samples = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, {20, 21, 22, 23, 24}};
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed);
  const auto change_of = [&](int device) {
    const auto learner = world.learner();
    const RoundPlan plan = world.round(0);
    learner->start(plan, all_tasks(plan));
    learner->merge(plan, {{plan.tasks[static_cast<std::size_t>(device)].id, 2}});
    return model_of(*learner) - start;
  };
  const at::Tensor first = change_of(0), second = change_of(1);
  world.method.merge.kind = MergeKind::normalised;
  SECTION("plain SGD") {
    require_close(trained(world, 1), start + (0.8 * 3 + 0.2 * 1) * (0.8 * first / 3 + 0.2 * second / 1));
    require_close(change_of(0), first);  // alone
  }
  SECTION("momentum 0.5: three steps of a constant gradient carry 1 + 1.5 + 1.75") {
    world.method.merge.kind = MergeKind::mean;
    world.training.momentum = 0.5;
    const at::Tensor pushed = change_of(0), also = change_of(1);
    world.method.merge.kind = MergeKind::normalised;
    require_close(trained(world, 1), start + (0.8 * 4.25 + 0.2 * 1) * (0.8 * pushed / 4.25 + 0.2 * also));
  }
}

TEST_CASE("FedDyn's first model overshoots the devices' mean by their mean move, and the mean is deployed") {
  World world(images(4, 8, 1, 90, 40), MlpOptions{{8}}, 3);
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed);
  world.method.objective.kind = ObjectiveKind::proximal;  // h is 0 in the first round
  world.method.objective.weight = 0.3;
  const at::Tensor mean = trained(world, 1);
  world.method.objective.kind = ObjectiveKind::dynamic;
  world.method.merge.kind = MergeKind::dynamic;
  const auto learner = world.learner();
  play(*learner, world, 1);
  std::istringstream in(state_of(*learner));
  StateReader reader(in);
  reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
  const at::Tensor next = reader.tensor(), deployed = reader.tensor();
  const std::vector<at::Tensor> moves = reader.tensors();
  require_close(deployed, mean);
  require_close(next, start + 2 * (mean - start));  // everybody took part: 1 + m / N = 2
  require_close(at::stack(moves).mean(0), mean - start);
}

TEST_CASE("FedDyn's devices are pushed back by their moves so far") {
  // After a round in which one device alone moved by h, its gradient has alpha h more than FedProx's.
  World world(images(4, 8, 1, 30, 10), MlpOptions{{8}}, 1);
  world.training.local_steps = 1;
  world.training.learning_rate = 0.05;
  world.method.objective.kind = ObjectiveKind::dynamic;
  world.method.merge.kind = MergeKind::dynamic;
  const auto states = [&](double alpha) {
    world.method.objective.weight = alpha;
    const auto learner = world.learner();
    play(*learner, world, 2);
    std::istringstream in(state_of(*learner));
    StateReader reader(in);
    reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
    reader.tensor(), reader.tensor();
    return reader.tensors().front();
  };
  // One step a round: h after the first does not depend on alpha, and the second step's own pull is at its start.
  const auto after_one = [&] {
    const auto learner = world.learner();
    play(*learner, world, 1);
    std::istringstream in(state_of(*learner));
    StateReader reader(in);
    reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
    reader.tensor(), reader.tensor();
    return reader.tensors().front();
  };
  const at::Tensor weak = states(0.1), strong = states(0.5), move = after_one();
  require_close(strong - weak, -0.05 * (0.5 - 0.1) * move);
}

TEST_CASE("FedAdam's first step has the size of the rate and the sign of the mean's change") {
  World world(images(4, 8, 1, 90, 40), MlpOptions{{16}}, 3);
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed);
  const at::Tensor delta = (trained(world, 1) - start).to(at::kDouble);
  world.method.merge.kind = MergeKind::adam;
  world.method.merge.server_learning_rate = 0.1;
  const at::Tensor expected = start + 0.1 * 0.1 * delta / ((0.01 * delta * delta).sqrt() + 1e-3);
  require_close(trained(world, 1), expected.to(at::kFloat));
}

TEST_CASE("FedAsync mixes an arrival in by its staleness, FedBuff adds its change since its start") {
  World world(images(3, 6, 1, 30, 10), MlpOptions{{5}}, 2);
  world.method.exchange.kind = ExchangeKind::asynchronous;
  world.method.merge.kind = MergeKind::staleness;
  const ParameterLayout layout(world.shape, full_slice(world.shape));
  const at::Tensor start = initial_values(world.shape, layout, world.seed);
  const auto values_of = [&](int device) {
    World alone = world;
    alone.method = Method();
    const auto learner = alone.learner();
    const RoundPlan plan = alone.round(0);
    learner->start(plan, all_tasks(plan));
    learner->merge(plan, {{plan.tasks[static_cast<std::size_t>(device)].id, 2}});
    return model_of(*learner);
  };
  const at::Tensor first = values_of(0), second = values_of(1);
  world.method.exchange.buffer = GENERATE(1, 2);
  const auto learner = world.learner();
  RoundPlan plan = world.round(0);
  plan.closing.keep_in_flight = true;
  learner->start(plan, all_tasks(plan));
  const auto outcomes = learner->merge(plan, {{plan.tasks[0].id, 2}});
  REQUIRE(outcomes.size() == 1);
  RoundPlan next;
  next.round = 1;
  next.closing.keep_in_flight = true;
  learner->merge(next, {{plan.tasks[1].id, 2}});
  const double stale = std::pow(2.0, -0.5);
  if (world.method.exchange.buffer == 1) {
    const at::Tensor one = 0.4 * start + 0.6 * first;
    require_close(model_of(*learner), (1 - 0.6 * stale) * one + 0.6 * stale * second);
  } else {
    require_close(model_of(*learner), first + stale * (second - start));
  }
}

TEST_CASE("gossip on a ring preserves the mean and brings the devices together") {
  World world(images(4, 8, 1, 100, 20), MlpOptions{{8}}, 5);
  world.method.exchange.kind = ExchangeKind::peers;
  world.method.merge.kind = MergeKind::gossip;
  const auto alone = world.learner();
  const auto mixed = world.learner();
  const RoundPlan plan = world.round(0);
  std::vector<Delivery> ring;
  for (int i = 0; i < 5; ++i)
    for (const int step : {1, 4}) ring.push_back({plan.tasks[static_cast<std::size_t>(i)].id, (i + step) % 5});
  alone->start(plan, all_tasks(plan));
  alone->merge(plan, {});
  mixed->start(plan, all_tasks(plan));
  mixed->merge(plan, ring);
  const auto mean_of = [](const Learner& learner) {
    std::istringstream in(state_of(learner));
    StateReader reader(in);
    reader.text(), reader.number(), reader.text(), reader.number(), reader.number(), reader.number();
    return at::stack(reader.tensors()).mean(0);
  };
  require_close(mean_of(*mixed), mean_of(*alone));
  const double before = *evaluate(*alone).disagreement, after = *evaluate(*mixed).disagreement;
  REQUIRE(after < 0.8 * before);
}
