// What a device minimises locally: a loss on the graph, and corrections to the gradient that need no graph.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <vector>

#include "sim/learn/batches.hpp"
#include "sim/learn/net.hpp"
#include "sim/learn/training_job.hpp"
#include "sim/method/method.hpp"

namespace msfusion {

class Objective {
 public:
  virtual ~Objective() = default;

  /// The scalar to differentiate.
  virtual at::Tensor loss(const Net::Output& output, const Batch& batch) = 0;

  /// correct() does something.
  virtual bool corrects() const { return false; }

  /// Adds what the objective changes in the flat gradient (after clipping); returns what that adds to the loss.
  virtual double correct(at::Tensor& gradient, const at::Tensor& values) {
    (void)gradient, (void)values;
    return 0;
  }

  /// After the last step, so that the objective can leave what the merge needs.
  virtual void finish(Trained& trained, int steps, double learning_rate) {
    (void)trained, (void)steps, (void)learning_rate;
  }
};

/// What an objective may look at. Everything outlives it.
struct ObjectiveContext {
  const ObjectiveChoice& choice;
  const Net& net;
  const TrainingJob& job;
  const SliceMap& map;
  const at::Tensor& start;  ///< flat: what the device started the round with
  double scaler;
};

using ObjectiveMaker = std::unique_ptr<Objective> (*)(const ObjectiveContext&);

std::unique_ptr<Objective> make_cross_entropy(const ObjectiveContext& context);
std::unique_ptr<Objective> make_masked_cross_entropy(const ObjectiveContext& context);
std::unique_ptr<Objective> make_proximal(const ObjectiveContext& context);
std::unique_ptr<Objective> make_control_variates(const ObjectiveContext& context);
std::unique_ptr<Objective> make_contrastive(const ObjectiveContext& context);

/// By the choice's kind.
std::unique_ptr<Objective> make_objective(const ObjectiveContext& context);

/// Mean over all targets; logits [samples, classes] or [samples, tokens, classes].
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& target);

/// Mean over the rows of -log(e^{s(z,p)/tau} / (e^{s(z,p)/tau} + sum_k e^{s(z,n_k)/tau})), s the cosine; all [rows,
/// features].
at::Tensor info_nce(const at::Tensor& anchor, const at::Tensor& positive, const std::vector<at::Tensor>& negatives,
                    double temperature);

}  // namespace msfusion
