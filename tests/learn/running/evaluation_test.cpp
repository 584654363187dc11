#include "sim/learn/running/evaluation.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <new>

#include "sim/learn/training/initial.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "tests/learn/world.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

/// A perceptron with its initial values, to be scored on this many samples.
struct Untrained {
  explicit Untrained(int test_samples)
      : world(images(4, 6, 1, 40, test_samples), MlpOptions{{8}}, 1),
        full(world.shape, full_slice(world.shape)),
        model(initial_values(world.shape, full, 1)),
        batches(world.data, world.shape) {}
  ScoredModel whole() const { return {full_slice(world.shape), model}; }

  World world;
  ParameterLayout full;
  at::Tensor model;
  Batches batches;
  EvaluationContext context{world.shape, full, batches, {}, 1};
};

}  // namespace

TEST_CASE("scores equal those of one pass over the whole test split") {
  const Untrained untrained(2345);
  const auto& [world, full, model, batches, context] = untrained;
  const WidthSlice half = window_slice(world.shape, 0.5, 2);
  std::vector<Score> scores[2];
  for (const int workers : {1, 2}) {
    Pool pool(workers, nullptr);
    scores[workers - 1] = EvaluationRun(context, pool, {{full_slice(world.shape), model}, {half, model}}).scores();
  }
  std::vector<std::int32_t> samples;
  for (int i = 0; i < 2345; ++i) samples.push_back(i);
  const Batch test = batches.make(Batches::Part::test, samples.data(), 2345, 0);
  const Net net(world.shape);
  for (const std::size_t which : {0u, 1u}) {
    const SliceMap map(world.shape, full, which == 0 ? full_slice(world.shape) : half);
    const at::Tensor logits = net.forward(test.input, map.part_layout().views(gather(map, model)), Pass()).logits;
    const double correct = static_cast<double>(logits.argmax(1).eq(test.target).sum().item<std::int64_t>());
    REQUIRE(scores[0][which].accuracy == Approx(correct / 2345));
    REQUIRE(scores[0][which].loss == Approx(at::cross_entropy_loss(logits, test.target).item<double>()));
    REQUIRE(scores[0][which].loss == scores[1][which].loss);
    REQUIRE(scores[0][which].accuracy == scores[1][which].accuracy);
  }
}

TEST_CASE("batch norms are tested with statistics averaged over batches of training samples") {
  CnnOptions cnn;
  cnn.channels = {4};
  const World world(images(4, 8, 1, 260, 300), cnn, 1);
  const ParameterLayout full(world.shape, full_slice(world.shape));
  const at::Tensor model = initial_values(world.shape, full, 1);
  const Batches batches(world.data, world.shape);
  std::vector<std::int32_t> samples;
  for (int i = 0; i < 300; ++i) samples.push_back(i);
  const auto loss_with = [&](int norm_samples, int workers) {
    const EvaluationContext context{world.shape, full, batches, {samples.begin(), samples.begin() + norm_samples}, 1};
    Pool pool(workers, nullptr);
    return EvaluationRun(context, pool, {{full_slice(world.shape), model}}).scores().front().loss;
  };

  // Three batches of 100, 100 and 50 samples with equal weights.
  const Net net(world.shape);
  const auto parameters = full.views(model);
  at::Tensor mean = at::zeros({4}), variance = at::zeros({4});
  std::vector<NormStatistics> statistics = net.no_statistics();
  Pass pass;
  pass.statistics = &statistics;
  pass.norm = Pass::Norm::collect;
  for (const auto& [first, count] : {std::pair(0, 100), std::pair(100, 100), std::pair(200, 50)}) {
    net.forward(batches.make(Batches::Part::train, samples.data() + first, count, 0).input, parameters, pass);
    mean += statistics[1].mean / 3;
    variance += statistics[1].variance / 3;
  }
  statistics[1] = {mean, variance};
  pass.norm = Pass::Norm::fixed;
  const Batch test = batches.make(Batches::Part::test, samples.data(), 300, 0);
  const at::Tensor loss = at::cross_entropy_loss(net.forward(test.input, parameters, pass).logits, test.target);
  REQUIRE(loss_with(250, 1) == Approx(loss.item<double>()));
  REQUIRE(loss_with(250, 2) == loss_with(250, 1));
  REQUIRE(loss_with(100, 1) != loss_with(200, 1));
  REQUIRE(loss_with(201, 1) == loss_with(200, 1));  // one sample has no variance
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which take terabytes of addresses
TEST_CASE("an evaluation that is refused memory ends with an error") {
  const Untrained untrained(500);
  Pool pool(1, nullptr);
  const auto score = [&] { return EvaluationRun(untrained.context, pool, {untrained.whole()}).scores(); };
  const double loss = score().front().loss;

  std::ifstream sizes("/proc/self/statm");
  rlim_t pages = 0;
  sizes >> pages;
  rlimit before{};
  getrlimit(RLIMIT_AS, &before);
  const rlimit tight{pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + (60 << 20), before.rlim_max};
  setrlimit(RLIMIT_AS, &tight);
  bool refused = false;
  try {
    score();
  } catch (const std::bad_alloc&) {
    refused = true;
  }
  setrlimit(RLIMIT_AS, &before);
  REQUIRE(refused);
  REQUIRE(score().front().loss == loss);
}
#endif

TEST_CASE("an evaluation that is discarded unread leaves nothing behind") {
  const Untrained untrained(500);
  {
    Pool pool(1, nullptr);
    const EvaluationRun unread(untrained.context, pool, {untrained.whole()});
    pool.submit(Urgency::evaluation, 0, [] {}).get();  // the cheapest job is the last
  }
  REQUIRE(untrained.model.use_count() == 1);
}

TEST_CASE("an evaluation scores the model that it began with while training goes on") {
  World world(images(4, 6, 1, 80, 300), MlpOptions{{8}}, 2);
  world.workers = 2;
  const auto learner = world.learner();
  play(*learner, world, 1);
  const Evaluation before = evaluate(*learner, 0);
  learner->begin_evaluation(0);
  play(*learner, world, world.round(1));
  const Evaluation beside = learner->finish_evaluation();
  REQUIRE(beside.round == 0);
  REQUIRE(beside.global_loss == before.global_loss);
  REQUIRE(evaluate(*learner, 1).global_loss != before.global_loss);
}

TEST_CASE("sub-models are scored on their own slices, and their mean is reported") {
  World world(images(4, 6, 1, 80, 300), MlpOptions{{8}}, 2);
  world.method.merge.kind = MergeKind::overlap_mean;
  const auto learner = world.learner();
  REQUIRE_FALSE(evaluate(*learner).submodel_accuracy.has_value());
  play(*learner, world, 3, {window_slice(world.shape, 0.5), full_slice(world.shape)});
  const Evaluation result = evaluate(*learner);
  REQUIRE(result.devices.size() == 2);
  REQUIRE(result.devices[1].loss == result.global_loss);
  REQUIRE(result.devices[0].loss != result.global_loss);
  REQUIRE(*result.submodel_loss == Approx((result.devices[0].loss + result.devices[1].loss) / 2));
  REQUIRE_FALSE(result.disagreement.has_value());
  world.evaluation.submodels = false;
  const auto without = world.learner();
  play(*without, world, 1);
  REQUIRE_FALSE(evaluate(*without).submodel_accuracy.has_value());
}
