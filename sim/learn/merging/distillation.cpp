#include "sim/learn/merging/distillation.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/optimiser.hpp"

namespace msfusion {

namespace {
constexpr std::int64_t kPredictBatch = 128;
}

std::vector<std::int32_t> open_samples(const MergeContext& context) {
  std::vector<bool> held(static_cast<std::size_t>(context.train_samples), false);
  for (const auto& part : context.parts.samples)
    for (const std::int32_t sample : part) held[static_cast<std::size_t>(sample)] = true;
  std::vector<std::int32_t> free;
  for (std::size_t i = 0; i < held.size(); ++i)
    if (!held[i]) free.push_back(static_cast<std::int32_t>(i));
  const std::int64_t wanted = context.method.merge.open_samples;
  if (wanted <= 0 || static_cast<std::int64_t>(free.size()) < wanted)
    throw RunError(fmt::format("distillation needs {} unlabelled samples, but {} training samples belong to no device",
                               wanted, free.size()));
  Random random(derive_seed(context.seed, Purpose::subsample, static_cast<std::uint64_t>(context.devices())));
  shuffle(free, random);
  free.resize(static_cast<std::size_t>(wanted));
  std::sort(free.begin(), free.end());
  return free;
}

at::Tensor predict(const MergeContext& context, const at::Tensor& model, const std::vector<std::int32_t>& samples) {
  const torch::autograd::AutoGradMode no_gradient(false);
  const Net net(context.shape);
  const auto parameters = context.full.views(model);
  std::vector<at::Tensor> logits;
  const auto total = static_cast<std::int64_t>(samples.size());
  for (std::int64_t begin = 0; begin < total; begin += kPredictBatch) {
    const Batch batch =
        context.batches.make(Batches::Part::train, samples.data() + begin, std::min(kPredictBatch, total - begin), 0);
    logits.push_back(net.forward(batch.input, parameters, Pass()).logits);
  }
  return at::cat(logits);
}

at::Tensor distil(const MergeContext& context, const at::Tensor& model, const std::vector<std::int32_t>& samples,
                  const at::Tensor& targets, int steps, NodeId node, int round) {
  const Net net(context.shape);
  at::Tensor values = model.clone();
  at::Tensor trained = values.narrow(0, 0, context.full.trained_size());
  at::Tensor gradient = at::zeros_like(trained);
  std::vector<at::Tensor> parameters = context.full.views(values);
  for (int t = 0; t < context.full.tensors(); ++t) {
    at::Tensor& parameter = parameters[static_cast<std::size_t>(t)];
    parameter = parameter.detach();
    if (!context.shape.tensors[static_cast<std::size_t>(t)].is_trained) continue;
    parameter.requires_grad_();
    parameter.mutable_grad() = context.full.view(gradient, t);
  }
  const auto total = static_cast<std::int64_t>(samples.size());
  const std::int64_t batch_size = std::min<std::int64_t>(context.training.batch, total);
  if (steps == 0) steps = static_cast<int>((total + batch_size - 1) / batch_size);
  Optimiser optimiser(context.training, learning_rate(context.training, round));
  Random random(derive_seed(context.seed, Purpose::batch_order,
                            static_cast<std::uint64_t>(context.devices() + 1 + node),
                            static_cast<std::uint64_t>(round)));
  std::vector<std::int64_t> order(samples.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int64_t>(i);
  std::size_t position = order.size();
  for (int step = 0; step < steps; ++step) {
    std::vector<std::int64_t> rows;
    std::vector<std::int32_t> chosen;
    if (position >= order.size()) {
      shuffle(order, random);
      position = 0;
    }
    for (; position < order.size() && static_cast<std::int64_t>(rows.size()) < batch_size; ++position) {
      rows.push_back(order[position]);
      chosen.push_back(samples[static_cast<std::size_t>(order[position])]);
    }
    const Batch batch =
        context.batches.make(Batches::Part::train, chosen.data(), static_cast<std::int64_t>(chosen.size()), 0);
    gradient.zero_();
    const at::Tensor target = targets.index_select(0, at::tensor(rows, at::kLong));
    const at::Tensor logits = net.forward(batch.input, parameters, Pass()).logits;
    const at::Tensor loss = -(target * at::log_softmax(logits, -1)).sum(-1).mean();
    if (!std::isfinite(loss.item<double>()))
      throw RunError(
          fmt::format("round {}: the distillation loss became {} in step {}", round, loss.item<double>(), step + 1));
    loss.backward();
    const torch::autograd::AutoGradMode no_gradient(false);
    if (context.training.clip_norm) clip_gradient(gradient, *context.training.clip_norm);
    optimiser.step(trained, gradient);
  }
  return values;
}

}  // namespace msfusion
