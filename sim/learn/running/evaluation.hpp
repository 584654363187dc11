// Scores of several models on the whole test split, computed in the pool beside other jobs.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/learn/running/pool.hpp"
#include "sim/learn/training/batches.hpp"
#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

struct Score {
  double accuracy = 0;
  double loss = 0;
  int first_bad_layer =
      kNone;  ///< whose output is not finite; kObjective: all outputs are, but not the loss; kNone: all is finite

  std::vector<double> class_accuracies;  ///< NaN for a class without test samples; empty for token data

  static constexpr int kNone = -2, kObjective = -1;
};

/// A model to be scored: a slice of a full-size flat buffer that is not written to any more.
struct ScoredModel {
  WidthSlice slice;
  at::Tensor source;
  const std::vector<std::int32_t>* samples = nullptr;       ///< of the test split; null: all
  const std::vector<std::int32_t>* norm_samples = nullptr;  ///< instead of the context's; null: those
  bool by_sample = false;                                   ///< scores of single samples are kept
};

/// Scores of samples one by one, in the order of the test split. Several targets each in language models.
struct SampleScores {
  std::vector<double> loss;  ///< summed
  std::vector<std::int32_t> correct, scored, targets;
};

/// What all evaluations of a run share.
struct EvaluationContext {
  const Shape& shape;
  const ParameterLayout& full;
  const Batches& batches;
  std::vector<std::int32_t> norm_samples;  ///< training samples for the static statistics of batch norms
  std::uint64_t seed = 0;
};

/// Cuts the test split at places that do not depend on the number of workers, and adds the parts' sums in order.
class EvaluationRun {
 public:
  /// Hands all the work to the pool. The context must outlive it.
  EvaluationRun(const EvaluationContext& context, Pool& pool, std::vector<ScoredModel> models);
  ~EvaluationRun();

  /// Waits; in the order of the models. Throws what a job threw.
  std::vector<Score> scores();

  /// Of a model that asks for them. Call it after scores().
  SampleScores by_sample(std::size_t model) const;

  /// The statistics that a model's batch norms were tested with, one per layer. Call it after scores().
  const std::vector<NormStatistics>& statistics(std::size_t model) const;

 private:
  struct Work;
  std::shared_ptr<Work> work_;
};

}  // namespace msfusion
