// The trained models that a run leaves in its results folder.
#pragma once

#include <optional>
#include <string>

#include "sim/experiment/preparation.hpp"
#include "sim/learn/learner.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

enum class KeptMoment { last, best };

/// models/run-N.last.safetensors; with a device models/run-N.last.device-D.safetensors.
std::string model_file(const std::string& results_folder, int run, KeptMoment moment,
                       std::optional<NodeId> device = std::nullopt);

/// The file's contents: tensors, and in the metadata what somebody needs who has only the file (docs/models.md).
TensorFile described_model(const RunInputs& inputs, EvaluatedModel model, int round,
                           const std::optional<std::string>& device);

/// Writes what the scenario wants kept, evaluation by evaluation.
class ModelKeeper {
 public:
  /// `best`: the highest accuracy of the evaluations so far, where a run is resumed. The inputs must outlive it.
  ModelKeeper(std::string results_folder, const RunInputs& inputs, std::optional<double> best)
      : folder_(std::move(results_folder)), inputs_(inputs), best_(best) {}

  /// After the learner has finished the evaluation and before the next merge. A file is replaced as a whole or not at
  /// all. Throws RunError.
  void note(const Learner& learner, const Evaluation& evaluation, bool is_last);

 private:
  void write(const Learner& learner, int round, KeptMoment moment, std::optional<NodeId> device) const;

  std::string folder_;
  const RunInputs& inputs_;
  std::optional<double> best_;
};

}  // namespace msfusion
