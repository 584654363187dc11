#include <cmath>

#include "sim/learn/training/objectives/info_nce.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {
double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return ab / std::sqrt(aa * bb);
}
}  // namespace

TEST_CASE("the contrastive loss of two samples equals the hand calculation") {
  const std::vector<std::vector<double>> anchor = {{1, 2}, {0, 1}}, positive = {{1, 1}, {1, 0}},
                                         first = {{-1, 2}, {0, 2}}, second = {{3, 0}, {1, 1}};
  const double tau = 0.5;
  double expected = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const double p = std::exp(cosine(anchor[i], positive[i]) / tau);
    const double n = std::exp(cosine(anchor[i], first[i]) / tau) + std::exp(cosine(anchor[i], second[i]) / tau);
    expected += -std::log(p / (p + n)) / 2;
  }
  const auto tensor = [](const std::vector<std::vector<double>>& rows) {
    return at::tensor({rows[0][0], rows[0][1], rows[1][0], rows[1][1]}).view({2, 2}).to(at::kFloat);
  };
  REQUIRE(info_nce(tensor(anchor), tensor(positive), {tensor(first), tensor(second)}, tau).item<double>() ==
          Approx(expected).epsilon(1e-5));
}

TEST_CASE("logits of absent classes count as zero and get no gradient") {
  Shape shape;
  TrainingJob job;
  job.classes = {true, false, true};
  const ObjectiveChoice choice;
  const auto world = World(images(3, 6, 1, 9, 3), MlpOptions{{4}}, 1);
  const Net net(world.shape);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const SliceMap map(world.shape, full, full_slice(world.shape));
  const at::Tensor start = at::zeros({full.size()});
  const auto objective = objective_maker(ObjectiveKind::masked_cross_entropy)({choice, net, job, map, start, 1});
  const at::Tensor logits = at::tensor({1.0F, 5.0F, 2.0F}).view({1, 3}).requires_grad_();
  Batch batch;
  batch.target = at::tensor({2}, at::kLong);
  const at::Tensor loss = objective->loss({logits, {}}, batch);
  REQUIRE(loss.item<double>() == Approx(-std::log(std::exp(2) / (std::exp(1) + 1 + std::exp(2)))));
  loss.backward();
  REQUIRE(logits.grad()[0][1].item<double>() == 0);
}

TEST_CASE("the contrastive term is absent in a device's first round and changes the later ones") {
  World world(images(4, 6, 1, 40, 10), MlpOptions{{8}}, 2);
  world.method.exchange.kind = ExchangeKind::peers;
  world.method.merge.kind = MergeKind::overlap_mean;
  const World without = world;
  const auto plain = without.learner();
  world.method.objective.kind = ObjectiveKind::contrastive;
  world.method.objective.weight = 1;
  world.method.objective.negatives = GENERATE(ObjectiveChoice::Negatives::previous, ObjectiveChoice::Negatives::peers,
                                              ObjectiveChoice::Negatives::both);
  const auto contrastive = world.learner();
  const auto losses = [&](Learner& learner, int round) {
    const WidthSlice half = window_slice(world.shape, 0.5, round);
    const auto outcomes = play(learner, world, world.round(round, {half}));
    return std::vector<double>{outcomes[0].mean_loss, outcomes[1].mean_loss};
  };
  REQUIRE(losses(*plain, 0) == losses(*contrastive, 0));
  REQUIRE(losses(*plain, 1) != losses(*contrastive, 1));
}
