#include "sim/learn/running/personal_evaluation.hpp"

#include <algorithm>

#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/data/test_parts.hpp"

namespace msfusion {

namespace {

struct Sums {
  double loss = 0;
  std::int64_t correct = 0, scored = 0, targets = 0;
};

Sums sums_over(const SampleScores& scores, const std::vector<std::int32_t>& samples) {
  Sums sums;
  for (const std::int32_t sample : samples) {
    const auto i = static_cast<std::size_t>(sample);
    sums.loss += scores.loss[i];
    sums.correct += scores.correct[i];
    sums.scored += scores.scored[i];
    sums.targets += scores.targets[i];
  }
  return sums;
}

}  // namespace

PersonalEvaluation::PersonalEvaluation(const RunContext& run) {
  const LearnerSetup& setup = run.setup;
  if (!setup.evaluation.personal.value_or(false)) return;
  parts_ =
      test_parts(setup.data, setup.parts, setup.data_spec.partition == DataOptions::Partition::natural, setup.seed);
  const auto most = static_cast<std::size_t>(std::max(1, setup.evaluation.norm_samples));
  for (std::size_t device = 0; device < parts_.size(); ++device) {
    std::vector<std::int32_t> own = setup.parts.samples[device];
    Random random(derive_seed(setup.seed, Purpose::test_parts, device, 1));
    shuffle(own, random);
    own.resize(std::min(own.size(), most));
    norm_samples_.push_back(std::move(own));
  }
}

void PersonalEvaluation::add_to(std::vector<ScoredModel>& models, const std::map<NodeId, WidthSlice>& slices,
                                const std::function<at::Tensor(NodeId)>& model_of, const at::Tensor& shared) {
  tested_.clear();
  models.front().by_sample = true;
  for (const auto& [device, slice] : slices) {
    const auto d = static_cast<std::size_t>(device);
    if (d >= parts_.size() || parts_[d].empty()) continue;
    const at::Tensor source = model_of(device);
    if (source.is_same(models.front().source) && slice == models.front().slice) {
      tested_.emplace_back(device, 0);
      continue;
    }
    // Values of a device's own have the statistics of its own samples; a slice of the server's has those of all.
    tested_.emplace_back(device, models.size());
    models.push_back({slice, source, &parts_[d], source.is_same(shared) ? nullptr : &norm_samples_[d]});
  }
}

std::vector<PersonalScore> PersonalEvaluation::scores(const EvaluationRun& run,
                                                      const std::vector<Score>& scores) const {
  std::vector<PersonalScore> result;
  if (tested_.empty()) return result;
  const SampleScores global = run.by_sample(0);
  for (const auto& [device, model] : tested_) {
    const std::vector<std::int32_t>& part = parts_[static_cast<std::size_t>(device)];
    const Sums sums = sums_over(global, part);
    if (sums.scored == 0) continue;
    PersonalScore score{device, static_cast<std::int64_t>(part.size()), 0, 0, 0};
    score.global_accuracy = static_cast<double>(sums.correct) / static_cast<double>(sums.scored);
    score.accuracy = model > 0 ? scores[model].accuracy : score.global_accuracy;
    score.loss = model > 0 ? scores[model].loss : sums.loss / static_cast<double>(sums.targets);
    result.push_back(score);
  }
  return result;
}

}  // namespace msfusion
