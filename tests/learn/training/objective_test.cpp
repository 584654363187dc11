#include <cmath>
#include <functional>

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
  const auto similarity = [&](const std::vector<std::vector<double>>& other) {
    return at::cosine_similarity(tensor(anchor), tensor(other), 1);
  };
  REQUIRE(info_nce({similarity(positive), similarity(first), similarity(second)}, tau).item<double>() ==
          Approx(expected).epsilon(1e-5));
}

namespace {

// MSfusion's loss of four samples for a sub-model of half the units of one hidden layer, whose only negative holds the
// half that starts at `other`, and what it should be when the pairs of (own, its) units are compared.
struct Compared {
  double loss, cross_entropy;
  std::function<double(const std::vector<std::int64_t>&, const std::vector<std::int64_t>&)> by_hand;
};

Compared compared(ObjectiveChoice::Compare compare, int other) {
  static const World world(images(3, 6, 1, 9, 3), MlpOptions{{8}}, 1);
  static const Net net(world.shape);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const at::Tensor values = at::sin(at::arange(full.size(), at::kFloat));
  TrainingJob job;
  job.task.slice = window_slice(world.shape, 0.5, 0);
  const SliceMap map(world.shape, full, job.task.slice);
  const WidthSlice its = window_slice(world.shape, 0.5, other);
  const at::Tensor its_values = gather(SliceMap(world.shape, full, its), values + 0.3F);
  job.negatives = {{its, its_values}};
  ObjectiveChoice choice;
  choice.weight = 1;
  choice.compare = compare;
  const at::Tensor start = gather(map, values), now = start + 0.1F;
  const auto objective = objective_maker(ObjectiveKind::contrastive)({choice, net, job, map, start, 1});
  Batch batch;
  batch.input = at::cos(at::arange(4 * 36, at::kFloat)).view({4, 1, 6, 6});
  batch.target = at::tensor({0, 1, 2, 0}, at::kLong);
  const auto forward = [&](const at::Tensor& of, const WidthSlice& slice) {
    return net.forward(batch.input, ParameterLayout(world.shape, slice).views(of), Pass());
  };
  const Net::Output output = forward(now, job.task.slice);
  const double plain = cross_entropy(output.logits, batch.target).item<double>();
  const at::Tensor z = output.representation, positive = forward(start, job.task.slice).representation;
  const at::Tensor negative = forward(its_values, its).representation;
  const auto by_hand = [=](const std::vector<std::int64_t>& own, const std::vector<std::int64_t>& theirs) {
    return info_nce({at::cosine_similarity(z, positive, 1),
                     at::cosine_similarity(z.index_select(1, at::tensor(own, at::kLong)),
                                           negative.index_select(1, at::tensor(theirs, at::kLong)), 1)},
                    0.5)
        .item<double>();
  };
  return {objective->loss(output, batch).item<double>(), plain, by_hand};
}

}  // namespace

TEST_CASE("representations are compared by position, or by the units that both sub-models have") {
  using Compare = ObjectiveChoice::Compare;
  const std::vector<std::int64_t> all{0, 1, 2, 3};
  const Compared by_position = compared(Compare::position, 1);
  CHECK(by_position.loss == Approx(by_position.cross_entropy + by_position.by_hand(all, all)));
  const Compared by_unit = compared(Compare::unit, 1);  // units 0 1 2 3 and 1 2 3 4
  CHECK(by_unit.loss == Approx(by_unit.cross_entropy + by_unit.by_hand({1, 2, 3}, {0, 1, 2})));
  CHECK(by_unit.loss != Approx(by_position.loss));
  CHECK(compared(Compare::unit, 0).loss == Approx(compared(Compare::position, 0).loss));
  const Compared disjoint = compared(Compare::unit, 4);
  CHECK(disjoint.loss == disjoint.cross_entropy);
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
