// Against PyTorch's own optimisers.
#include "sim/learn/training/optimiser.hpp"

#include <torch/nn/utils/clip_grad.h>
#include <torch/optim/adam.h>
#include <torch/optim/adamw.h>
#include <torch/optim/sgd.h>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

at::Tensor after_five_steps(const TrainingOptions& training) {
  at::Tensor values = at::linspace(-2, 2, 37);
  Optimiser optimiser(training, training.learning_rate);
  for (int step = 0; step < 5; ++step) {
    at::Tensor gradient = values.pow(3) + 0.1 * step;
    optimiser.step(values, gradient);
  }
  return values;
}

template <class Theirs>
at::Tensor by_pytorch(Theirs&& make) {
  at::Tensor values = at::linspace(-2, 2, 37).requires_grad_();
  auto optimiser = make(std::vector<at::Tensor>{values});
  for (int step = 0; step < 5; ++step) {
    values.mutable_grad() = values.detach().pow(3) + 0.1 * step;
    optimiser.step();
  }
  return values.detach();
}

}  // namespace

TEST_CASE("SGD is PyTorch's, to the bit") {
  TrainingOptions training;
  training.learning_rate = 0.03;
  training.momentum = GENERATE(0.0, 0.9);
  training.nesterov = training.momentum > 0 && GENERATE(false, true);
  training.weight_decay = GENERATE(0.0, 0.01);
  const at::Tensor expected = by_pytorch([&](std::vector<at::Tensor> values) {
    return torch::optim::SGD(std::move(values), torch::optim::SGDOptions(training.learning_rate)
                                                    .momentum(training.momentum)
                                                    .nesterov(training.nesterov)
                                                    .weight_decay(training.weight_decay));
  });
  REQUIRE(at::equal(after_five_steps(training), expected));
}

TEST_CASE("Adam and AdamW are PyTorch's") {
  TrainingOptions training;
  training.learning_rate = 0.01;
  training.weight_decay = GENERATE(0.0, 0.1);
  training.optimiser = TrainingOptions::Optimiser::adam;
  REQUIRE(at::allclose(after_five_steps(training), by_pytorch([&](std::vector<at::Tensor> values) {
                         return torch::optim::Adam(std::move(values),
                                                   torch::optim::AdamOptions(0.01).weight_decay(training.weight_decay));
                       })));
  training.optimiser = TrainingOptions::Optimiser::adamw;
  REQUIRE(at::allclose(after_five_steps(training), by_pytorch([&](std::vector<at::Tensor> values) {
                         return torch::optim::AdamW(
                             std::move(values), torch::optim::AdamWOptions(0.01).weight_decay(training.weight_decay));
                       })));
}

TEST_CASE("clipping scales a long gradient to the norm and leaves a short one") {
  at::Tensor gradient = at::full({4}, 3.0F);
  clip_gradient(gradient, 100);
  REQUIRE(at::equal(gradient, at::full({4}, 3.0F)));
  clip_gradient(gradient, 2);
  REQUIRE(gradient.norm().item<double>() == Approx(2));
}

TEST_CASE("learning rates follow the round") {
  TrainingOptions training;
  training.learning_rate = 0.8;
  training.rounds = 100;
  REQUIRE(learning_rate(training, 99) == 0.8);
  training.schedule = TrainingOptions::Schedule::step;
  training.milestones = {10, 20};
  REQUIRE(learning_rate(training, 9) == Approx(0.8));
  REQUIRE(learning_rate(training, 10) == Approx(0.08));
  REQUIRE(learning_rate(training, 20) == Approx(0.008));
  training.schedule = TrainingOptions::Schedule::cosine;
  REQUIRE(learning_rate(training, 0) == Approx(0.8));
  REQUIRE(learning_rate(training, 50) == Approx(0.4));
  training.schedule = TrainingOptions::Schedule::constant;
  training.warmup_rounds = 4;
  REQUIRE(learning_rate(training, 0) == Approx(0.2));
  REQUIRE(learning_rate(training, 3) == Approx(0.8));
  REQUIRE(learning_rate(training, 4) == Approx(0.8));
}
