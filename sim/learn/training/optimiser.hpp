// SGD, Adam and AdamW as in PyTorch, on one flat buffer: a step costs a few operations however many tensors there are.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "sim/plan/training_options.hpp"

namespace msfusion {

/// The round's learning rate: the schedule's, times a warm-up factor that rises linearly to 1 in the last warm-up
/// round.
double learning_rate(const TrainingOptions& training, int round);

/// Scales the gradient so that its norm is at most `max_norm` (torch.nn.utils.clip_grad_norm_).
void clip_gradient(at::Tensor& gradient, double max_norm);

/// How far SGD's steps carry a device under a constant gradient of 1, in learning rates: FedNova's a_i (arXiv
/// 2007.07481). The steps themselves without momentum, more with it, less where a proximal term pulls back (`pull`: its
/// weight times the learning rate). The momentum begins at 0.
double carried_distance(std::int64_t steps, const TrainingOptions& training, double pull = 0);

/// State is empty at the start, unless it goes on from another's.
class Optimiser {
 public:
  Optimiser(const TrainingOptions& training, double rate) : training_(training), rate_(rate) {}
  void step(at::Tensor& values, at::Tensor& gradient);  ///< may change the gradient

  /// Goes on from moments() and steps() of another one. The tensors are changed in place.
  void resume(const std::vector<at::Tensor>& moments, std::int64_t steps);
  std::vector<at::Tensor> moments() const;  ///< as large as the values; none before the first step, and of plain SGD
  std::int64_t steps() const { return steps_; }

  /// With buffers of [models, values]: later steps have the first `models` only.
  void keep_first(std::int64_t models);

  /// A step is values -= rate x gradient and nothing else, so that it may be taken part by part with plain_step().
  bool is_plain() const;
  void plain_step(at::Tensor& values, const at::Tensor& gradient) const { values.add_(gradient, -rate_); }

 private:
  void sgd(at::Tensor& values, at::Tensor& gradient);
  void adam(at::Tensor& values, at::Tensor& gradient);

  const TrainingOptions& training_;
  double rate_;
  at::Tensor momentum_;       // SGD
  at::Tensor mean_, square_;  // Adam
  std::int64_t steps_ = 0;
};

}  // namespace msfusion
