#include "sim/learn/evaluation.hpp"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <future>

#include "sim/base/seed.hpp"
#include "sim/learn/net.hpp"
#include "sim/learn/slice_map.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kBatch = 200;   // measured: 100 .. 500 differ by 5 %
constexpr std::int64_t kChunk = 1000;  // samples of a job
constexpr std::int64_t kNormBatch = 100;
constexpr std::int64_t kLogits = 4'000'000;  // of a batch: vocabularies are large

struct Sums {
  double loss = 0;
  std::int64_t correct = 0, scored = 0, targets = 0;
  int trouble = Score::kSound;
};

// One model while it is scored.
struct Model {
  ScoredModel scored;
  double macs = 0;
  std::vector<at::Tensor> parameters;
  std::vector<NormStatistics> statistics;
  std::future<std::vector<std::future<Sums>>> chunks;  // ready when the model is prepared
};

}  // namespace

struct EvaluationRun::Work {
  const EvaluationContext& context;
  Net net;
  std::int64_t batch, chunk;
  std::vector<Model> models;

  explicit Work(const EvaluationContext& c) : context(c), net(c.shape), batch(kBatch), chunk(kChunk) {
    if (!c.batches.tokens()) return;
    const std::int64_t logits = static_cast<std::int64_t>(c.shape.classes) * c.shape.input.positions();
    batch = std::clamp<std::int64_t>(kLogits / logits, 1, kBatch);
    chunk = 16 * batch;
  }

  // Gathers the slice and, for batch norms, the cumulative averages of the training samples' statistics.
  void prepare(Model& model) const {
    const c10::InferenceMode inference;
    const SliceMap map(context.shape, context.full, model.scored.slice);
    model.parameters = map.part_layout().views(gather(map, model.scored.source));
    model.statistics = net.no_statistics();
    if (!net.has_batch_norm()) return;
    Pass pass;
    pass.norm = Pass::Norm::collect;
    pass.statistics = &model.statistics;
    const auto total = static_cast<std::int64_t>(context.norm_samples.size());
    for (std::int64_t begin = 0; begin < total; begin += kNormBatch) {
      const auto count = std::min(kNormBatch, total - begin);
      if (count == 1 && begin > 0) break;  // one sample has no variance
      const Batch samples = context.batches.make(Batches::Part::train, context.norm_samples.data() + begin, count, 0);
      net.forward(samples.input, model.parameters, pass);
    }
  }

  Sums score(Model& model, std::int64_t first, std::int64_t last) const {
    const c10::InferenceMode inference;
    Pass pass;
    pass.norm = Pass::Norm::fixed;
    pass.statistics = &model.statistics;
    Sums sums;
    std::vector<std::int32_t> samples;
    for (std::int64_t begin = first; begin < last; begin += batch) {
      samples.clear();
      for (std::int64_t i = begin; i < std::min(last, begin + batch); ++i)
        samples.push_back(static_cast<std::int32_t>(i));
      // The same words are masked in every round and for every model.
      const auto mask_seed =
          derive_seed(context.seed, Purpose::augmentation, ~std::uint64_t{0}, static_cast<std::uint64_t>(begin));
      const Batch test = context.batches.make(Batches::Part::test, samples.data(),
                                              static_cast<std::int64_t>(samples.size()), mask_seed);
      at::Tensor logits = net.forward(test.input, model.parameters, pass).logits;
      if (logits.dim() > 2) logits = logits.flatten(0, -2);
      const at::Tensor losses = at::cross_entropy_loss(logits, test.target, {}, at::Reduction::None);
      at::Tensor correct = logits.argmax(1).eq(test.target);
      if (test.scored.defined()) correct = correct.logical_and(test.scored);
      const double loss = losses.sum(at::kDouble).item<double>();
      if (!std::isfinite(loss) && sums.trouble == Score::kSound) sums.trouble = first_trouble(test, model, pass);
      sums.loss += loss;
      sums.correct += correct.sum().item<std::int64_t>();
      sums.scored += test.scored.defined() ? test.scored.sum().item<std::int64_t>() : test.targets();
      sums.targets += test.targets();
    }
    return sums;
  }

  int first_trouble(const Batch& test, const Model& model, Pass pass) const {
    int first = Score::kObjective;
    pass.watch = [&](int layer, const at::Tensor& output) {
      if (first == Score::kObjective && !at::isfinite(output).all().item<bool>()) first = layer;
    };
    net.forward(test.input, model.parameters, pass);
    return first;
  }
};

EvaluationRun::EvaluationRun(const EvaluationContext& context, Pool& pool, std::vector<ScoredModel> models)
    : work_(std::make_shared<Work>(context)) {
  const std::int64_t total = context.batches.test_samples();
  for (auto& model : models) {
    const double macs = static_cast<double>(slice_cost(context.shape, model.slice).forward_macs);
    work_->models.push_back({std::move(model), macs, {}, {}, {}});
  }
  for (auto& model : work_->models) {
    const double norm_cost = model.macs * static_cast<double>(context.norm_samples.size());
    // Jobs keep the work alive by themselves; a run that nobody waits for any more ends quietly.
    model.chunks = pool.submit(
        Urgency::evaluation, norm_cost + model.macs * static_cast<double>(total), [work = work_, &pool, &model, total] {
          work->prepare(model);
          std::vector<std::future<Sums>> chunks;
          for (std::int64_t first = 0; first < total; first += work->chunk)
            chunks.push_back(pool.submit(Urgency::evaluation, model.macs * static_cast<double>(work->chunk),
                                         [work, &model, total, first] {
                                           return work->score(model, first, std::min(total, first + work->chunk));
                                         }));
          return chunks;
        });
  }
}

EvaluationRun::~EvaluationRun() = default;

std::vector<Score> EvaluationRun::scores() {
  std::vector<Score> result;
  for (auto& model : work_->models) {
    Sums sums;
    for (auto& chunk : model.chunks.get()) {
      const Sums part = chunk.get();
      sums.loss += part.loss;
      sums.correct += part.correct;
      sums.scored += part.scored;
      sums.targets += part.targets;
      if (sums.trouble == Score::kSound) sums.trouble = part.trouble;
    }
    result.push_back({static_cast<double>(sums.correct) / static_cast<double>(sums.scored),
                      sums.loss / static_cast<double>(sums.targets), sums.trouble});
  }
  return result;
}

}  // namespace msfusion
