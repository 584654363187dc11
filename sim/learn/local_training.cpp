#include "sim/learn/local_training.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include "sim/base/error.hpp"
#include "sim/base/seed.hpp"
#include "sim/base/thread_clock.hpp"
#include "sim/learn/device.hpp"
#include "sim/learn/net.hpp"
#include "sim/learn/objective.hpp"
#include "sim/learn/optimiser.hpp"

namespace msfusion {

namespace {

/// The samples of a device, epoch after epoch, each in a new order.
class SampleOrder {
 public:
  SampleOrder(const std::vector<std::int32_t>& samples, int batch, std::uint64_t seed)
      : samples_(samples), batch_(batch), random_(at::make_generator<at::CPUGeneratorImpl>(seed)) {}

  std::int64_t batches_per_epoch() const { return (size() + batch_ - 1) / batch_; }

  /// The last batch of an epoch may be smaller.
  const std::vector<std::int32_t>& next() {
    if (position_ == size()) position_ = 0;
    if (position_ == 0) {
      const at::Tensor order = at::randperm(size(), random_, at::kLong);
      epoch_.resize(samples_.size());
      for (std::size_t i = 0; i < epoch_.size(); ++i)
        epoch_[i] = samples_[static_cast<std::size_t>(order.data_ptr<std::int64_t>()[i])];
    }
    const auto count = std::min<std::int64_t>(batch_, size() - position_);
    current_.assign(epoch_.begin() + position_, epoch_.begin() + position_ + count);
    position_ += count;
    return current_;
  }

 private:
  std::int64_t size() const { return static_cast<std::int64_t>(samples_.size()); }

  const std::vector<std::int32_t>& samples_;
  std::int64_t batch_;
  at::Generator random_;
  std::vector<std::int32_t> epoch_, current_;
  std::int64_t position_ = 0;
};

/// Where something that is not a number came from, for the message.
struct Divergence {
  const TrainingContext& context;
  const TrainingJob& job;

  [[noreturn]] void report(const std::string& what, std::optional<double> last_finite) const {
    throw RunError(fmt::format("round {}, device {}: {}; {}; a smaller learning rate or gradient clipping may help",
                               job.round, job.task.device, what,
                               last_finite ? fmt::format("last finite loss {:.6g}", *last_finite)
                               : job.last_loss
                                   ? fmt::format("last finite loss {:.6g}, of an earlier round", *job.last_loss)
                                   : "no loss was finite before"));
  }

  std::string layer(const Net& net, const Batch& batch, const std::vector<at::Tensor>& parameters, Pass pass) const {
    const torch::autograd::AutoGradMode no_gradient(false);
    std::string first;
    pass.dropout = nullptr;
    pass.watch = [&](int i, const at::Tensor& output) {
      if (first.empty() && !at::isfinite(output).all().item<bool>())
        first = fmt::format(" (first in layer {})", context.shape.layers[static_cast<std::size_t>(i)].name);
    };
    net.forward(batch.input, parameters, pass);
    return first.empty() ? " (behind the last layer, in the objective)" : first;
  }

  void check(const ParameterLayout& layout, const at::Tensor& values, std::optional<double> last_finite) const {
    for (int t = 0; t < layout.tensors(); ++t)
      if (!at::isfinite(layout.view(values, t)).all().item<bool>())
        report(fmt::format("parameter {} is not finite after the last step",
                           context.shape.tensors[static_cast<std::size_t>(t)].name),
               last_finite);
  }
};

}  // namespace

Trained train(const TrainingContext& context, const TrainingJob& job) {
  const auto began = std::chrono::steady_clock::now();
  const double cpu_began = thread_cpu_seconds();
  const TrainingSpec& training = context.training;
  const auto device = static_cast<std::uint64_t>(job.task.device);
  const auto round = static_cast<std::uint64_t>(job.round);
  const auto seed_for = [&](Purpose purpose) { return derive_seed(context.seed, purpose, device, round); };

  const Net net(context.shape);
  const SliceMap map(context.shape, context.full, job.task.slice);
  Trained trained;
  trained.task = job.task.id;
  trained.device = job.task.device;
  trained.round = job.round;
  trained.version = job.version;
  trained.slice = job.task.slice;
  trained.samples = static_cast<std::int64_t>(job.samples->size());
  trained.classes = job.classes;
  trained.start = job.start.defined() ? job.start : gather(map, job.source);
  const at::Device device_used = device_of(training);
  const JobStream stream(device_used);
  const at::Tensor start = trained.start.to(device_used);
  at::Tensor flat = start.clone();  // what is trained

  std::vector<at::Tensor> values = map.part_layout().views(flat), parameters;
  for (const at::Tensor& value : values) parameters.push_back(value.detach().requires_grad_());

  Pass pass;
  pass.scaler = context.objective.scaler ? job.task.split : 1;
  at::Generator dropout = at::make_generator<at::CPUGeneratorImpl>(seed_for(Purpose::dropout));
  pass.dropout = &dropout;
  std::mt19937_64 augmentation(seed_for(Purpose::augmentation));
  const auto objective = make_objective({context.objective, net, job, map, start, pass.scaler});
  const double rate = learning_rate(training, job.round);
  Optimiser optimiser(training, rate);
  // Where nothing needs the gradient as a whole, each tensor's is used where it lies and never copied.
  const bool in_parts = optimiser.is_plain() && !training.clip_norm && !objective->corrects();
  at::Tensor gradient = in_parts ? at::Tensor() : at::zeros_like(flat);
  const std::vector<at::Tensor> gradients = in_parts ? std::vector<at::Tensor>() : map.part_layout().views(gradient);
  SampleOrder order(*job.samples, training.batch, seed_for(Purpose::batch_order));
  const Divergence divergence{context, job};

  const std::int64_t steps = job.samples->empty()   ? 0
                             : training.local_steps ? *training.local_steps
                                                    : training.local_epochs * order.batches_per_epoch();
  trained.gather_seconds = thread_cpu_seconds() - cpu_began;
  double total = 0;
  std::optional<double> last_finite;
  for (std::int64_t step = 0; step < steps; ++step) {
    if (*job.abandoned) break;
    const std::vector<std::int32_t>& samples = order.next();
    const auto count = static_cast<std::int64_t>(samples.size());
    Batch batch = context.augment ? context.batches.make_augmented(samples.data(), count, augmentation)
                                  : context.batches.make(Batches::Part::train, samples.data(), count, augmentation());
    if (!device_used.is_cpu()) batch = batch.to(device_used);
    for (at::Tensor& parameter : parameters) parameter.mutable_grad().reset();
    const at::Tensor loss = objective->loss(net.forward(batch.input, parameters, pass), batch);
    double value = loss.item<double>();
    if (!std::isfinite(value))
      divergence.report(fmt::format("the loss became {} in step {}{}", value, step + 1,
                                    divergence.layer(net, batch, parameters, pass)),
                        last_finite);
    loss.backward();

    const torch::autograd::AutoGradMode no_gradient(false);
    if (in_parts) {
      for (std::size_t t = 0; t < values.size(); ++t)
        if (parameters[t].grad().defined()) optimiser.step_plainly(values[t], parameters[t].grad());
    } else {
      for (std::size_t t = 0; t < values.size(); ++t)
        if (parameters[t].grad().defined()) gradients[t].copy_(parameters[t].grad());
      if (training.clip_norm) clip_gradient(gradient, *training.clip_norm);
      value += objective->correct(gradient, flat);
      optimiser.step(flat, gradient);
    }
    total += value;
    last_finite = value;
  }
  // Every step's loss was finite, but the last update may have spoilt the values that are about to be merged.
  if (!std::isfinite(flat.sum().item<double>())) divergence.check(map.part_layout(), flat, last_finite);
  trained.values = flat.to(at::kCPU);

  trained.mean_loss = steps > 0 ? total / static_cast<double>(steps) : std::numeric_limits<double>::quiet_NaN();
  objective->finish(trained, static_cast<int>(steps), rate);
  trained.cpu_seconds = thread_cpu_seconds() - cpu_began;
  trained.wall_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return trained;
}

}  // namespace msfusion
