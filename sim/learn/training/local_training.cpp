#include "sim/learn/training/local_training.hpp"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>

#include "sim/base/error.hpp"
#include "sim/base/seed.hpp"
#include "sim/base/thread_clock.hpp"
#include "sim/learn/running/device.hpp"
#include "sim/learn/training/optimiser.hpp"
#include "sim/learn/training/training_member.hpp"

namespace msfusion {

namespace {

// One job, or several of equal sizes as one computation: a row of every buffer and a part of every tensor belongs to
// each member. Members with the most steps come first, so that the active members are always the first ones.
class LocalTraining {
 public:
  LocalTraining(const TrainingContext& context, const std::vector<TrainingJob>& jobs)
      : context_(context),
        net_(context.shape),
        device_(device_of(context.training)),
        stream_(device_),
        rate_(learning_rate(context.training, jobs.front().round)),
        optimiser_(context.training, rate_) {
    for (std::size_t i = 0; i < jobs.size(); ++i)
      members_.push_back(std::make_unique<Member>(context, jobs[i], i, net_, device_));
    std::stable_sort(members_.begin(), members_.end(),
                     [](const auto& a, const auto& b) { return a->steps > b->steps; });
    const bool corrects_gradient = std::any_of(
        members_.begin(), members_.end(), [](const auto& member) { return member->objective->corrects_gradient(); });
    // Where nothing needs the whole gradient, each tensor's is used where it arises; elsewhere it is added to its place
    // in one buffer, so that a second copy of them never exists.
    per_tensor_ = optimiser_.is_plain() && !context.training.clip_norm && !corrects_gradient;
    std::vector<at::Tensor> starts;
    for (const auto& member : members_) starts.push_back(member->start);
    all_ = is_grouped() ? at::stack(starts) : starts.front().clone();
    if (!per_tensor_) gradient_ = at::zeros(trained(all_).sizes(), all_.options());
    resume();
    set_active(members_.size());
    gather_seconds_ = thread_cpu_seconds() - cpu_began_;
  }

  void run() {
    for (std::int64_t step = 0; step < members_.front()->steps; ++step) {
      std::size_t left = active_;
      while (members_[left - 1]->steps <= step) --left;
      if (left < active_) set_active(left);
      if (all_active_ended()) break;
      take_step(step);
    }
  }

  /// In the order of the jobs.
  std::vector<TrainingResult> results() {
    remember_from(0);
    for (std::size_t i = 0; i < members_.size(); ++i) finish(*members_[i], row(all_, i));
    share_times();
    std::vector<TrainingResult> results(members_.size());
    for (const auto& member : members_) results[member->place] = {std::move(member->trained), member->error};
    return results;
  }

 private:
  bool is_grouped() const { return members_.size() > 1; }

  // The values that change: the tensors that are trained come first.
  at::Tensor trained(const at::Tensor& values) const {
    return values.narrow(-1, 0, members_.front()->map.part_layout().trained_size());
  }

  at::Tensor row(const at::Tensor& of_all, std::size_t member) const {
    return is_grouped() ? of_all[static_cast<std::int64_t>(member)] : of_all;
  }

  // Jobs of a group have taken equal numbers of steps before.
  void resume() {
    const OptimiserMemory& first = members_.front()->job.state;
    std::vector<at::Tensor> moments;
    for (std::size_t m = 0; m < first.moments.size(); ++m) {
      std::vector<at::Tensor> rows;
      for (const auto& member : members_) rows.push_back(trained(member->job.state.moments[m].to(device_)));
      moments.push_back(is_grouped() ? at::stack(rows) : rows.front().clone());
    }
    optimiser_.resume(moments, first.steps);
  }

  // What the optimiser has of the active members from this one on.
  void remember_from(std::size_t first) {
    if (!context_.keeps_state) return;
    const std::vector<at::Tensor> moments = optimiser_.moments();
    for (std::size_t i = first; i < active_; ++i) {
      OptimiserMemory& state = members_[i]->trained.state;
      state.steps = optimiser_.steps();
      for (const at::Tensor& moment : moments) {
        at::Tensor whole = at::zeros({members_[i]->map.part_size()});
        trained(whole).copy_(row(moment, i));
        state.moments.push_back(whole);
      }
    }
  }

  // The first `members` go on; the others have taken their last step.
  void set_active(std::size_t members) {
    remember_from(members);
    active_ = members;
    if (is_grouped()) optimiser_.keep_first(static_cast<std::int64_t>(members));
    const ParameterLayout& layout = members_.front()->map.part_layout();
    const auto views = [&](const at::Tensor& flat) {
      return is_grouped() ? layout.grouped_views(flat, static_cast<std::int64_t>(members)) : layout.views(flat);
    };
    values_ = views(all_);
    parameters_.clear();
    for (std::size_t t = 0; t < values_.size(); ++t)
      parameters_.push_back(values_[t].detach().requires_grad_(context_.shape.tensors[t].is_trained));
    if (per_tensor_) return;
    for (std::size_t t = 0; t < values_.size(); ++t) {
      if (!context_.shape.tensors[t].is_trained) continue;
      const int tensor = static_cast<int>(t);
      parameters_[t].mutable_grad() = is_grouped()
                                          ? layout.grouped_view(gradient_, tensor, static_cast<std::int64_t>(members))
                                          : layout.view(gradient_, tensor);
    }
  }

  // Every member is abandoned or has diverged.
  bool all_active_ended() const {
    return std::all_of(members_.begin(), members_.begin() + static_cast<std::ptrdiff_t>(active_),
                       [](const auto& member) { return member->error || *member->job.abandoned; });
  }

  void take_step(std::int64_t step) {
    std::vector<Batch> batches;
    rows_.clear();
    for (std::size_t i = 0; i < active_; ++i) {
      Batch batch = members_[i]->next_batch(context_);
      if (!device_.is_cpu()) batch = batch.to(device_);
      rows_.push_back(batch.input.size(0));
      batches.push_back(std::move(batch));
    }
    if (per_tensor_)
      for (at::Tensor& parameter : parameters_) parameter.mutable_grad().reset();
    else
      gradient_.zero_();
    const std::vector<Net::Output> outputs = forward(batches);
    std::vector<at::Tensor> losses;
    std::vector<double> values(active_);
    for (std::size_t i = 0; i < active_; ++i) {
      Member& member = *members_[i];
      if (member.error) continue;
      const at::Tensor loss = member.objective->loss(outputs[i], batches[i]);
      if (context_.sample_losses && step < member.order.batches_per_epoch())
        note_sample_losses(member, outputs[i].logits, batches[i]);
      values[i] = loss.item<double>();
      if (std::isfinite(values[i]))
        losses.push_back(loss);
      else
        note_divergence(member, batches[i], i, values[i], step);
    }
    if (losses.empty()) return;
    torch::autograd::backward(losses);
    losses.clear();  // and with them the graph
    if (context_.nested.distils) {
      values[0] += distil_narrowed(batches[0], outputs[0].logits);
      if (!std::isfinite(values[0])) return note_divergence(*members_[0], batches[0], 0, values[0], step);
    }
    const torch::autograd::AutoGradMode no_gradient(false);
    update(values);
    for (std::size_t i = 0; i < active_; ++i) {
      members_[i]->total += values[i];
      members_[i]->last_finite = values[i];
    }
  }

  static void note_sample_losses(Member& member, const at::Tensor& logits, const Batch& batch) {
    const torch::autograd::AutoGradMode no_gradient(false);
    const at::Tensor rows = logits.dim() == 2 ? logits : logits.flatten(0, -2);
    const at::Tensor losses = at::cross_entropy_loss(rows.detach(), batch.target, {}, at::Reduction::None);
    member.squared_losses += losses.square().sum(at::kDouble).item<double>();
    member.targets += losses.numel();
  }

  // With self-distillation the narrower sub-model comes after the whole one.
  Net::Output forward_alone(const Batch& batch) const {
    Member& member = *members_.front();
    if (member.objective->changes_parameters())
      return net_.forward(batch.input, member.objective->changed(parameters_), member.pass);
    if (!member.nested) return net_.forward(batch.input, parameters_, member.pass);
    member.nested->draw();
    return context_.nested.distils ? net_.forward(batch.input, parameters_, member.pass) : forward_narrowed(batch);
  }

  Net::Output forward_narrowed(const Batch& batch) const {
    const Member& member = *members_.front();
    return net_.forward(batch.input, member.nested->narrowed(parameters_), member.pass);
  }

  // Adds the gradient of the narrower sub-model's loss; returns that loss. A step that drew the whole sub-model has
  // none: nobody learns from its own predictions.
  double distil_narrowed(const Batch& batch, const at::Tensor& teacher) const {
    if (members_.front()->nested->drew_all()) return 0;
    const at::Tensor loss = self_distillation_loss(forward_narrowed(batch).logits, teacher);
    const double value = loss.item<double>();
    if (std::isfinite(value)) torch::autograd::backward({loss});
    return value;
  }

  std::vector<Net::Output> forward(const std::vector<Batch>& batches) const {
    if (!is_grouped()) return {forward_alone(batches.front())};
    std::vector<at::Tensor> inputs;
    for (const Batch& batch : batches) inputs.push_back(batch.input);
    Pass pass;
    pass.rows = &rows_;
    const Net::Output all = net_.forward(at::cat(inputs), parameters_, pass);
    const std::vector<at::Tensor> logits = at::split_with_sizes(all.logits, rows_),
                                  representations = at::split_with_sizes(all.representation, rows_);
    std::vector<Net::Output> outputs;
    for (std::size_t i = 0; i < batches.size(); ++i) outputs.push_back({logits[i], representations[i]});
    return outputs;
  }

  void note_divergence(Member& member, const Batch& batch, std::size_t index, double loss, std::int64_t step) const {
    std::vector<at::Tensor> own;
    for (const at::Tensor& parameter : parameters_) own.push_back(row(parameter, index));
    try {
      member.divergence.report(fmt::format("the loss became {} in step {}{}", loss, step + 1,
                                           member.divergence.layer(net_, batch, own, member.pass)),
                               member.last_finite);
    } catch (...) {
      member.error = std::current_exception();
    }
  }

  void update(std::vector<double>& values) {
    if (per_tensor_) {
      for (std::size_t t = 0; t < values_.size(); ++t)
        if (parameters_[t].grad().defined()) optimiser_.plain_step(values_[t], parameters_[t].grad());
      return;
    }
    for (std::size_t i = 0; i < active_; ++i) {
      at::Tensor gradient = row(gradient_, i);
      if (context_.training.clip_norm) clip_gradient(gradient, *context_.training.clip_norm);
      values[i] += members_[i]->objective->correct_gradient(gradient, trained(row(all_, i)));
    }
    at::Tensor flat = active_rows(trained(all_)), gradient = active_rows(gradient_);
    optimiser_.step(flat, gradient);
  }

  at::Tensor active_rows(const at::Tensor& of_all) const {
    return is_grouped() ? of_all.narrow(0, 0, static_cast<std::int64_t>(active_)) : of_all;
  }

  void finish(Member& member, const at::Tensor& values) const {
    if (member.error) return;
    try {
      // Every loss was finite, but the last update may have produced values that must not be merged.
      if (!std::isfinite(values.sum().item<double>()))
        member.divergence.check(member.map.part_layout(), values, member.last_finite);
      member.trained.values = is_grouped() ? values.clone() : values.to(at::kCPU);
      member.trained.mean_loss = member.steps > 0 ? member.total / static_cast<double>(member.steps)
                                                  : std::numeric_limits<double>::quiet_NaN();
      if (member.targets > 0)
        member.trained.sample_loss = std::sqrt(member.squared_losses / static_cast<double>(member.targets));
      member.objective->finish(member.trained, rate_ * carried_distance(member.steps, context_.training));
    } catch (...) {
      member.error = std::current_exception();
    }
  }

  // In proportion to the members' steps.
  void share_times() {
    const double cpu = thread_cpu_seconds() - cpu_began_;
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    double steps = 0;
    for (const auto& member : members_) steps += static_cast<double>(member->steps);
    for (const auto& member : members_) {
      const double share =
          steps > 0 ? static_cast<double>(member->steps) / steps : 1 / static_cast<double>(members_.size());
      member->trained.cpu_seconds = share * cpu;
      member->trained.wall_seconds = share * wall;
      member->trained.gather_seconds = share * gather_seconds_;
    }
  }

  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  const double cpu_began_ = thread_cpu_seconds();
  double gather_seconds_ = 0;

  const TrainingContext& context_;
  const Net net_;
  const at::Device device_;
  const JobStream stream_;
  const double rate_;
  Optimiser optimiser_;
  std::vector<std::unique_ptr<Member>> members_;
  bool per_tensor_ = false;
  at::Tensor all_, gradient_;                    // flat; grouped: [members, values]; the gradient of what is trained
  std::size_t active_ = 0;                       // members that still train
  std::vector<at::Tensor> values_, parameters_;  // of the active members
  std::vector<std::int64_t> rows_;               // of the current batches
};

}  // namespace

bool can_train_together(const TrainingContext& context) {
  return !context.nested.is_on() && context.objective.kind != ObjectiveKind::important_weights &&
         device_of(context.training).is_cpu() && Net(context.shape).can_group();
}

std::vector<TrainingResult> train_together(const TrainingContext& context, const std::vector<TrainingJob>& jobs) {
  LocalTraining training(context, jobs);
  training.run();
  return training.results();
}

Trained train(const TrainingContext& context, const TrainingJob& job) {
  TrainingResult result = train_together(context, {job}).front();
  if (result.error) std::rethrow_exception(result.error);
  return std::move(result.trained);
}

}  // namespace msfusion
