#include "sim/learn/running/evaluation.hpp"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <future>
#include <limits>
#include <memory>

#include "sim/base/seed.hpp"
#include "sim/learn/training/slice_map.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kBatch = 200;  // samples of a job; measured: 100 .. 500 differ by 5 %
constexpr std::int64_t kNormBatch = 100;
constexpr std::int64_t kLogits = 4'000'000;  // of a batch: vocabularies are large
// Of a batch's largest activation. A convolution network has about seven of that size in memory at once, on each core,
// copies in oneDNN's order included: 200 images through a full ResNet18 took 2 GB.
constexpr std::int64_t kActivationBytes = 24'000'000;

struct Sums {
  double loss = 0;
  std::int64_t correct = 0, scored = 0, targets = 0;
  int first_bad_layer = Score::kNone;
  SampleScores samples;                                  // where they are asked for
  std::vector<std::int64_t> of_class, correct_of_class;  // empty for token data
};

void add(std::vector<std::int64_t>& sums, const std::vector<std::int64_t>& part) {
  sums.resize(std::max(sums.size(), part.size()), 0);
  for (std::size_t i = 0; i < part.size(); ++i) sums[i] += part[i];
}

std::vector<double> shares(const std::vector<std::int64_t>& parts, const std::vector<std::int64_t>& wholes) {
  std::vector<double> result;
  for (std::size_t i = 0; i < wholes.size(); ++i)
    result.push_back(wholes[i] > 0 ? static_cast<double>(parts[i]) / static_cast<double>(wholes[i])
                                   : std::numeric_limits<double>::quiet_NaN());
  return result;
}

// One model while it is scored: it is gathered, then its norms' statistics are collected, then its batches are scored.
struct Model {
  ScoredModel scored;
  double macs;
  std::vector<at::Tensor> parameters;
  std::vector<std::vector<NormStatistics>> of_batches;  // of the training samples
  std::vector<NormStatistics> statistics;
  std::vector<Sums> sums;                 // of batches of the test split
  std::atomic<std::size_t> jobs_left{0};  // of the current stage
  std::atomic<bool> ended{false};
  std::promise<void> end;

  Model(ScoredModel which, double forward_macs) : scored(std::move(which)), macs(forward_macs) {}

  void succeed() {
    if (!ended.exchange(true)) end.set_value();
  }
  void fail(const std::exception_ptr& error) {
    if (!ended.exchange(true)) end.set_exception(error);
  }
};

// The averages over the batches, with equal weights.
std::vector<NormStatistics> averages(const std::vector<std::vector<NormStatistics>>& of_batches) {
  std::vector<NormStatistics> result(of_batches.front().size());
  for (std::size_t layer = 0; layer < result.size(); ++layer) {
    if (!of_batches.front()[layer].mean.defined()) continue;
    std::vector<at::Tensor> means, variances;
    for (const auto& batch : of_batches) {
      means.push_back(batch[layer].mean);
      variances.push_back(batch[layer].variance);
    }
    result[layer] = {at::stack(means).mean(0), at::stack(variances).mean(0)};
  }
  return result;
}

// In bytes, of one sample.
std::int64_t largest_activation(const Shape& shape) {
  std::int64_t largest = 1;
  for (const Layer& layer : shape.layers)
    largest =
        std::max<std::int64_t>(largest, static_cast<std::int64_t>(layer.out.features.size) * layer.out.positions());
  return largest * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace

struct EvaluationRun::Work : std::enable_shared_from_this<Work> {
  const EvaluationContext& context;
  Pool& pool;
  Net net;
  std::int64_t batch;
  std::vector<std::unique_ptr<Model>> models;

  Work(const EvaluationContext& c, Pool& p) : context(c), pool(p), net(c.shape), batch(kBatch) {
    if (!c.batches.tokens()) {
      batch = std::clamp<std::int64_t>(kActivationBytes / largest_activation(c.shape), 1, kBatch);
      return;
    }
    const std::int64_t logits = static_cast<std::int64_t>(c.shape.classes) * c.shape.input.positions();
    batch = std::clamp<std::int64_t>(kLogits / logits, 1, kBatch);
  }

  // Jobs keep the work alive, so that an evaluation may be destroyed before they end.
  template <class Step, class Done>
  void post(Model& model, std::int64_t samples, Step step, Done done) {
    pool.post(
        Urgency::evaluation, model.macs * static_cast<double>(samples), [work = shared_from_this(), step] { step(); },
        [work = shared_from_this(), &model, done](const std::exception_ptr& error) {
          if (error)
            model.fail(error);
          else
            done();
        });
  }

  std::int64_t samples_of(const Model& model) const {
    return model.scored.samples ? static_cast<std::int64_t>(model.scored.samples->size())
                                : context.batches.test_samples();
  }
  const std::vector<std::int32_t>& norm_samples_of(const Model& model) const {
    return model.scored.norm_samples ? *model.scored.norm_samples : context.norm_samples;
  }

  void start(Model& model) {
    post(
        model, samples_of(model), [this, &model] { prepare(model); }, [] {});
  }

  void prepare(Model& model) {
    const c10::InferenceMode inference;
    const SliceMap map(context.shape, context.full, model.scored.slice);
    model.parameters = map.part_layout().views(gather(map, model.scored.source));
    const auto samples = static_cast<std::int64_t>(norm_samples_of(model).size());
    auto batches = static_cast<std::size_t>((samples + kNormBatch - 1) / kNormBatch);
    if (batches > 1 && samples % kNormBatch == 1) --batches;  // a single sample has no variance
    if (!net.has_batch_norm() || batches == 0) {
      model.statistics = net.no_statistics();
      score_batches(model);
      return;
    }
    model.of_batches.resize(batches);
    model.jobs_left = batches;
    for (std::size_t i = 0; i < batches; ++i)
      post(
          model, kNormBatch, [this, &model, i] { collect(model, i); }, [] {});
  }

  // Collects the statistics of one batch; the last job to finish averages them.
  void collect(Model& model, std::size_t i) {
    const c10::InferenceMode inference;
    Pass pass;
    pass.norm = Pass::Norm::collect;
    model.of_batches[i] = net.no_statistics();
    pass.statistics = &model.of_batches[i];
    const std::vector<std::int32_t>& all = norm_samples_of(model);
    const auto begin = static_cast<std::int64_t>(i) * kNormBatch;
    const auto count = std::min(kNormBatch, static_cast<std::int64_t>(all.size()) - begin);
    const Batch samples = context.batches.make(Batches::Part::train, all.data() + begin, count, 0);
    net.forward(samples.input, model.parameters, pass);
    if (--model.jobs_left > 0) return;
    model.statistics = averages(model.of_batches);
    score_batches(model);
  }

  void score_batches(Model& model) {
    const std::int64_t total = samples_of(model);
    model.sums.resize(static_cast<std::size_t>((total + batch - 1) / batch));
    model.jobs_left = model.sums.size();
    for (std::size_t i = 0; i < model.sums.size(); ++i)
      post(
          model, batch,
          [this, &model, i, total] {
            const std::int64_t first = static_cast<std::int64_t>(i) * batch;
            model.sums[i] = score(model, first, std::min(total, first + batch));
          },
          [&model] {
            if (--model.jobs_left == 0) model.succeed();
          });
  }

  Sums score(const Model& model, std::int64_t first, std::int64_t last) const {
    const c10::InferenceMode inference;
    Pass pass;
    pass.norm = Pass::Norm::fixed;
    std::vector<NormStatistics> statistics = model.statistics;  // the same tensors
    pass.statistics = &statistics;
    std::vector<std::int32_t> samples;
    for (std::int64_t i = first; i < last; ++i)
      samples.push_back(model.scored.samples ? (*model.scored.samples)[static_cast<std::size_t>(i)]
                                             : static_cast<std::int32_t>(i));
    // Every round and every model has the same words masked.
    const auto mask_seed =
        derive_seed(context.seed, Purpose::augmentation, ~std::uint64_t{0}, static_cast<std::uint64_t>(first));
    const Batch test = context.batches.make(Batches::Part::test, samples.data(), last - first, mask_seed);
    at::Tensor logits = net.forward(test.input, model.parameters, pass).logits;
    if (logits.dim() > 2) logits = logits.flatten(0, -2);
    const at::Tensor losses = at::cross_entropy_loss(logits, test.target, {}, at::Reduction::None);
    at::Tensor correct = logits.argmax(1).eq(test.target);
    if (test.scored.defined()) correct = correct.logical_and(test.scored);
    Sums sums;
    sums.loss = losses.sum(at::kDouble).item<double>();
    sums.correct = correct.sum().item<std::int64_t>();
    sums.scored = test.scored.defined() ? test.scored.sum().item<std::int64_t>() : test.targets();
    sums.targets = test.targets();
    if (model.scored.by_sample) sums.samples = by_sample(losses, correct, test, last - first);
    if (!context.batches.tokens()) count_classes(test.target, correct, sums);
    if (!std::isfinite(sums.loss)) sums.first_bad_layer = find_first_bad_layer(test, model, pass);
    return sums;
  }

  static SampleScores by_sample(const at::Tensor& losses, const at::Tensor& correct, const Batch& test,
                                std::int64_t count) {
    const auto sums = [&](const at::Tensor& of_targets, at::ScalarType type) {
      return of_targets.view({count, -1}).sum(1, false, type);
    };
    const at::Tensor loss = sums(losses, at::kDouble), right = sums(correct, at::kInt);
    const at::Tensor scored = test.scored.defined() ? sums(test.scored, at::kInt) : at::Tensor();
    const auto targets = static_cast<std::int32_t>(losses.numel() / count);
    SampleScores scores;
    for (std::int64_t i = 0; i < count; ++i) {
      scores.loss.push_back(loss.data_ptr<double>()[i]);
      scores.correct.push_back(right.data_ptr<std::int32_t>()[i]);
      scores.scored.push_back(scored.defined() ? scored.data_ptr<std::int32_t>()[i] : targets);
      scores.targets.push_back(targets);
    }
    return scores;
  }

  void count_classes(const at::Tensor& target, const at::Tensor& correct, Sums& sums) const {
    const auto counts = [&](const at::Tensor& labels) {
      const at::Tensor of = at::bincount(labels, {}, context.shape.classes);
      return std::vector<std::int64_t>(of.data_ptr<std::int64_t>(), of.data_ptr<std::int64_t>() + of.numel());
    };
    sums.of_class = counts(target);
    sums.correct_of_class = counts(target.masked_select(correct));
  }

  int find_first_bad_layer(const Batch& test, const Model& model, Pass pass) const {
    int first = Score::kObjective;
    pass.watch = [&](int layer, const at::Tensor& output) {
      if (first == Score::kObjective && !at::isfinite(output).all().item<bool>()) first = layer;
    };
    net.forward(test.input, model.parameters, pass);
    return first;
  }
};

EvaluationRun::EvaluationRun(const EvaluationContext& context, Pool& pool, std::vector<ScoredModel> models)
    : work_(std::make_shared<Work>(context, pool)) {
  for (auto& model : models) {
    const double macs = static_cast<double>(slice_cost(context.shape, model.slice).forward_macs);
    work_->models.push_back(std::make_unique<Model>(std::move(model), macs));
  }
  for (const auto& model : work_->models) work_->start(*model);
}

EvaluationRun::~EvaluationRun() = default;

const std::vector<NormStatistics>& EvaluationRun::statistics(std::size_t model) const {
  return work_->models.at(model)->statistics;
}

SampleScores EvaluationRun::by_sample(std::size_t model) const {
  SampleScores all;
  const auto append = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  for (const Sums& part : work_->models.at(model)->sums) {
    append(all.loss, part.samples.loss);
    append(all.correct, part.samples.correct);
    append(all.scored, part.samples.scored);
    append(all.targets, part.samples.targets);
  }
  return all;
}

std::vector<Score> EvaluationRun::scores() {
  std::vector<Score> result;
  for (const auto& model : work_->models) {
    model->end.get_future().get();
    Sums sums;
    for (const Sums& part : model->sums) {
      sums.loss += part.loss;
      sums.correct += part.correct;
      sums.scored += part.scored;
      sums.targets += part.targets;
      add(sums.of_class, part.of_class);
      add(sums.correct_of_class, part.correct_of_class);
      if (sums.first_bad_layer == Score::kNone) sums.first_bad_layer = part.first_bad_layer;
    }
    result.push_back({static_cast<double>(sums.correct) / static_cast<double>(sums.scored),
                      sums.loss / static_cast<double>(sums.targets), sums.first_bad_layer,
                      shares(sums.correct_of_class, sums.of_class)});
  }
  return result;
}

}  // namespace msfusion
