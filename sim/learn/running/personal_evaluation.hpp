// Tests every device that has trained on its own part of the test split.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "sim/learn/running/evaluation.hpp"
#include "sim/learn/running/run_context.hpp"

namespace msfusion {

class PersonalEvaluation {
 public:
  explicit PersonalEvaluation(const RunContext& run);  ///< which must outlive it

  bool is_on() const { return !parts_.empty(); }

  /// Adds the devices' models to those of an evaluation, the first of which is the global one. A device whose model is
  /// the global one needs no scores of its own.
  void add_to(std::vector<ScoredModel>& models, const std::map<NodeId, WidthSlice>& slices,
              const std::function<at::Tensor(NodeId)>& model_of, const at::Tensor& shared);

  /// Of the devices that add_to() named, once the evaluation's scores are there. A part of a masked language model may
  /// have nothing that is scored: then its device is left out.
  std::vector<PersonalScore> scores(const EvaluationRun& run, const std::vector<Score>& scores) const;

  /// Where the model of a device stands among those of the evaluation, for messages about it.
  const std::vector<std::pair<NodeId, std::size_t>>& tested() const { return tested_; }

 private:
  std::vector<std::vector<std::int32_t>> parts_, norm_samples_;  // per device
  std::vector<std::pair<NodeId, std::size_t>> tested_;           // 0: the global model's scores serve
};

}  // namespace msfusion
