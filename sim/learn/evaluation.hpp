// Scores of several models on the whole test split, computed in the pool beside whatever else runs.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/learn/batches.hpp"
#include "sim/learn/layout.hpp"
#include "sim/learn/pool.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

struct Score {
  double accuracy = 0;
  double loss = 0;
  int trouble = kSound;  ///< where the loss is not finite: the first layer whose output is not, or kObjective

  static constexpr int kSound = -2, kObjective = -1;
};

/// A model to be scored: a slice of a full-size flat buffer that nobody writes to any more.
struct ScoredModel {
  WidthSlice slice;
  at::Tensor source;
};

/// The same for all evaluations of a run.
struct EvaluationContext {
  const Shape& shape;
  const ParameterLayout& full;
  const Batches& batches;
  std::vector<std::int32_t> norm_samples;  ///< training samples for the static statistics of batch norms
  std::uint64_t seed = 0;
};

/// The test split is cut at fixed places whatever the number of workers, and the parts' sums are added in their order.
class EvaluationRun {
 public:
  /// Hands all the work to the pool. The context must outlive it.
  EvaluationRun(const EvaluationContext& context, Pool& pool, std::vector<ScoredModel> models);
  ~EvaluationRun();

  /// Waits. In the order of the models. Throws what a job threw.
  std::vector<Score> scores();

 private:
  struct Work;
  std::shared_ptr<Work> work_;
};

}  // namespace msfusion
