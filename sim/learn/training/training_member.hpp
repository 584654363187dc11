// What one job of a local training has for itself: its sub-model, its batches and its objective.
#pragma once

#include <fmt/format.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/seed.hpp"
#include "sim/learn/training/local_training.hpp"
#include "sim/learn/training/nested_steps.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/objective.hpp"
#include "sim/learn/training/sample_order.hpp"

namespace msfusion {

/// Reports where a value stopped being finite.
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

// One of the jobs that train side by side.
struct Member {
  Member(const TrainingContext& context, const TrainingJob& of, std::size_t index, const Net& net, at::Device device)
      : job(of),
        place(index),
        map(context.shape, context.full, of.task.slice),
        dropout{seed_for(context, Purpose::dropout)},
        augmentation(seed_for(context, Purpose::augmentation)),
        order(*of.samples, context.training.batch, seed_for(context, Purpose::batch_order)),
        divergence{context, of} {
    trained.task = job.task.id;
    trained.device = job.task.device;
    trained.round = job.round;
    trained.version = job.version;
    trained.slice = job.task.slice;
    trained.samples = static_cast<std::int64_t>(job.samples->size());
    trained.classes = job.classes;
    trained.start = job.start.defined() ? job.start : gather(map, job.source);
    start = trained.start.to(device);
    pass.scaler = context.objective.scaler ? job.task.split : 1;
    pass.dropout = &dropout;
    objective = objective_maker(context.objective.kind)(
        {context.objective, net, job, map, start, pass.scaler, context.training.rounds});
    if (context.nested.is_on())
      nested.emplace(context.shape, context.nested.widths, job.task.slice, seed_for(context, Purpose::widths));
    if (!job.samples->empty())
      steps = context.training.local_steps ? *context.training.local_steps
                                           : context.training.local_epochs * order.batches_per_epoch();
  }
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  Batch next_batch(const TrainingContext& context) {
    const std::vector<std::int32_t>& samples = order.next();
    const auto count = static_cast<std::int64_t>(samples.size());
    if (context.augment) return context.batches.make_augmented(samples.data(), count, augmentation);
    return context.batches.make(Batches::Part::train, samples.data(), count, augmentation());
  }

  const TrainingJob& job;
  std::size_t place;  // among the jobs
  SliceMap map;
  at::Tensor start;  // flat, on the device that trains
  DropoutMasks dropout;
  std::mt19937_64 augmentation;
  Pass pass;
  std::unique_ptr<Objective> objective;
  std::optional<NestedSteps> nested;  // where steps draw widths
  SampleOrder order;
  Divergence divergence;
  std::int64_t steps = 0;
  double total = 0;
  double squared_losses = 0;  // of the first epoch's targets
  std::int64_t targets = 0;
  std::optional<double> last_finite;
  Trained trained;
  std::exception_ptr error;

 private:
  std::uint64_t seed_for(const TrainingContext& context, Purpose purpose) const {
    const auto device = static_cast<std::uint64_t>(job.task.device);
    return derive_seed(context.seed, purpose, device | static_cast<std::uint64_t>(job.task.repeat) << 32,
                       static_cast<std::uint64_t>(job.round));
  }
};

}  // namespace msfusion
