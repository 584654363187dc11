#include "sim/learn/training/optimiser.hpp"

#include <algorithm>
#include <cmath>

namespace msfusion {

double learning_rate(const TrainingOptions& training, int round) {
  double rate = training.learning_rate;
  switch (training.schedule) {
    case TrainingOptions::Schedule::constant:
      break;
    case TrainingOptions::Schedule::step:
      for (const int milestone : training.milestones)
        if (round >= milestone) rate *= training.decay;
      break;
    case TrainingOptions::Schedule::cosine:
      rate *= 0.5 * (1 + std::cos(std::acos(-1.0) * round / std::max(1, training.rounds)));
      break;
  }
  if (round < training.warmup_rounds) rate *= static_cast<double>(round + 1) / training.warmup_rounds;
  return rate;
}

double carried_distance(std::int64_t steps, const TrainingOptions& training, double pull) {
  double distance = 0, velocity = 0;
  for (std::int64_t step = 0; step < steps; ++step) {
    const double gradient = 1 - pull * distance;
    velocity = training.momentum * velocity + gradient;
    distance += training.nesterov ? gradient + training.momentum * velocity : velocity;
  }
  return distance;
}

void clip_gradient(at::Tensor& gradient, double max_norm) {
  const double scale = max_norm / (gradient.norm().item<double>() + 1e-6);
  if (scale < 1) gradient.mul_(scale);
}

bool Optimiser::is_plain() const {
  return training_.optimiser == TrainingOptions::Optimiser::sgd && training_.momentum == 0 &&
         training_.weight_decay == 0;
}

void Optimiser::step(at::Tensor& values, at::Tensor& gradient) {
  ++steps_;
  if (training_.optimiser == TrainingOptions::Optimiser::sgd)
    sgd(values, gradient);
  else
    adam(values, gradient);
}

void Optimiser::keep_first(std::int64_t models) {
  for (at::Tensor* state : {&momentum_, &mean_, &square_})
    if (state->defined()) *state = state->narrow(0, 0, models);
}

void Optimiser::resume(const std::vector<at::Tensor>& moments, std::int64_t steps) {
  steps_ = steps;
  if (moments.size() == 1) momentum_ = moments[0];
  if (moments.size() == 2) mean_ = moments[0], square_ = moments[1];
}

std::vector<at::Tensor> Optimiser::moments() const {
  if (momentum_.defined()) return {momentum_};
  return mean_.defined() ? std::vector<at::Tensor>{mean_, square_} : std::vector<at::Tensor>();
}

void Optimiser::sgd(at::Tensor& values, at::Tensor& gradient) {
  if (training_.weight_decay != 0) gradient.add_(values, training_.weight_decay);
  if (training_.momentum == 0) {
    values.add_(gradient, -rate_);
    return;
  }
  if (momentum_.defined())
    momentum_.mul_(training_.momentum).add_(gradient);
  else
    momentum_ = gradient.clone();
  if (training_.nesterov)
    values.add_(gradient.add_(momentum_, training_.momentum), -rate_);
  else
    values.add_(momentum_, -rate_);
}

void Optimiser::adam(at::Tensor& values, at::Tensor& gradient) {
  if (training_.weight_decay != 0) {
    if (training_.optimiser == TrainingOptions::Optimiser::adamw)
      values.mul_(1 - rate_ * training_.weight_decay);
    else
      gradient.add_(values, training_.weight_decay);
  }
  if (!mean_.defined()) {
    mean_ = at::zeros_like(values);
    square_ = at::zeros_like(values);
  }
  mean_.mul_(training_.beta1).add_(gradient, 1 - training_.beta1);
  square_.mul_(training_.beta2).addcmul_(gradient, gradient, 1 - training_.beta2);
  const double correction1 = 1 - std::pow(training_.beta1, static_cast<double>(steps_));
  const double correction2 = 1 - std::pow(training_.beta2, static_cast<double>(steps_));
  // Nobody reads the gradient any more: its memory takes the root.
  at::sqrt_out(gradient, square_).div_(std::sqrt(correction2)).add_(training_.epsilon);
  values.addcdiv_(mean_, gradient, -rate_ / correction1);
}

}  // namespace msfusion
