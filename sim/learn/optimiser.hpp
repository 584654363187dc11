// SGD, Adam and AdamW as in PyTorch, on one flat buffer: a step costs a few operations however many tensors there are.
#pragma once

#include <ATen/ATen.h>

#include "sim/plan/training_options.hpp"

namespace msfusion {

/// The round's learning rate: warm-up rises linearly to the full rate in its last round and multiplies whatever the
/// schedule gives.
double learning_rate(const TrainingSpec& training, int round);

/// Scales the gradient so that its norm is at most `max_norm` (torch.nn.utils.clip_grad_norm_).
void clip_gradient(at::Tensor& gradient, double max_norm);

/// State is empty at the start: every local training begins with a new optimiser.
class Optimiser {
 public:
  Optimiser(const TrainingSpec& training, double rate) : training_(training), rate_(rate) {}
  void step(at::Tensor& values, at::Tensor& gradient);  ///< may change the gradient

  /// Where the buffers are [models, values]: from now on they have only the first `models`.
  void go_on_with(std::int64_t models);

  /// A step is nothing but values -= rate x gradient, element by element: step_plainly() on any part does the same.
  bool is_plain() const;
  void step_plainly(at::Tensor& values, const at::Tensor& gradient) const { values.add_(gradient, -rate_); }

 private:
  void sgd(at::Tensor& values, at::Tensor& gradient);
  void adam(at::Tensor& values, at::Tensor& gradient);

  const TrainingSpec& training_;
  double rate_;
  at::Tensor momentum_;              // SGD
  at::Tensor mean_, square_, root_;  // Adam
  int steps_ = 0;
};

}  // namespace msfusion
