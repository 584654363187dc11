#include "sim/method/task_costs.hpp"

#include <algorithm>
#include <numeric>

#include "sim/method/encoding_attributes.hpp"
#include "sim/method/privacy_terms.hpp"
#include "sim/method/selection_attributes.hpp"
#include "sim/shape/importance.hpp"
#include "sim/shape/nested_slices.hpp"

namespace msfusion {

namespace {

int optimiser_slots(const TrainingOptions& training) {
  if (training.optimiser != TrainingOptions::Optimiser::sgd) return 2;
  return training.momentum > 0 ? 1 : 0;
}

// The slice of a device is another one every round.
bool moves(const SplitChoice& split) {
  const bool stays = split.rule == SplitRule::full || split.rule == SplitRule::narrow || split.rule == SplitRule::fixed;
  return !stays || (split.rate.kind == RateChoice::Kind::levels && split.rate.dynamic);
}

}  // namespace

LocalTraining local_training(const TrainingOptions& training, std::int64_t samples) {
  LocalTraining result;
  result.batch = static_cast<int>(std::min<std::int64_t>(training.batch, std::max<std::int64_t>(samples, 1)));
  result.optimiser_slots = optimiser_slots(training);
  result.gathers_gradient = result.optimiser_slots > 0 || training.weight_decay > 0 || training.clip_norm;
  if (samples == 0) return result;
  const std::int64_t batches = (samples + training.batch - 1) / training.batch;
  const bool has_short_batch = samples % result.batch != 0;
  if (training.local_steps) {
    const std::int64_t epochs = *training.local_steps / batches, rest = *training.local_steps % batches;
    result.optimiser_steps = *training.local_steps;
    result.samples = epochs * samples + std::min(samples, rest * training.batch);
    if (has_short_batch) result.short_steps = epochs;
  } else {
    result.optimiser_steps = training.local_epochs * batches;
    result.samples = training.local_epochs * samples;
    if (has_short_batch) result.short_steps = training.local_epochs;
  }
  return result;
}

SliceCost device_cost(const Shape& shape, const WidthSlice& slice, const ExchangeChoice& exchange) {
  return facts_of(exchange.kind).splits_network ? cut_cost(shape, slice, exchange.cut).front : slice_cost(shape, slice);
}

TaskCosts::TaskCosts(const PlannerSetup& setup)
    : setup_(setup), has_trained_(static_cast<std::size_t>(setup.fleet.size()) + 1, false) {}

const TaskCosts::Costs& TaskCosts::costs_of(const WidthSlice& slice) {
  std::vector<int> lengths;
  for (const IndexSet& set : slice.axes) lengths.push_back(set.length());
  // Blocks are of unequal cost.
  if (!setup_.shape.blocks.empty())
    for (const int block : slice.axes.back().units()) lengths.push_back(block);
  const auto known = costs_.find(lengths);
  if (known != costs_.end()) return known->second;
  Costs costs{slice_cost(setup_.shape, slice), {}, {}, {}, {}, 0, {}};
  const EncodingOptions& up = setup_.method.encoding;
  const EncodingOptions down = of_down_link(up);
  const double models = facts_of(setup_.method.merge.kind).models_sent;
  const double plain = models * static_cast<double>(message_bytes({}, setup_.shape, slice));
  const double report = report_bytes(setup_.method);
  costs.up = {models * static_cast<double>(message_bytes(up, setup_.shape, slice)) + report, plain + report};
  costs.down = {models * static_cast<double>(message_bytes(down, setup_.shape, slice)), plain};
  const auto slots = static_cast<double>(optimiser_slots(setup_.training));
  if (setup_.method.state == OptimiserState::average) {
    // Moments travel as floats, however parameters are encoded.
    const double state = slots * plain / models;
    for (MessageSize* size : {&costs.up, &costs.down}) size->bytes += state, size->plain_bytes += state;
  }
  for (const CodingWork& work : {encoding_work(up, setup_.shape, slice), decoding_work(down, setup_.shape, slice)}) {
    costs.coding.bytes += models * work.bytes;
    costs.coding.flops += models * work.flops;
  }
  if (facts_of(up.kind).votes) {
    // What was decided is read, and the last model read and written.
    constexpr double kReadAndWritten = 2 * kFloatBytes;
    costs.coding.bytes += costs.up.bytes + kReadAndWritten * static_cast<double>(costs.whole.trained_parameters());
  }
  if (setup_.method.privacy.clip)
    costs.coding.bytes += clipping_bytes(static_cast<double>(costs.whole.trained_parameters()));
  costs.kept_bytes =
      static_cast<double>(kept_bytes(up, setup_.shape, moves(setup_.method.split) ? full_slice(setup_.shape) : slice));
  if (sends_copies(setup_.method)) {
    // Its own public copy and the weighted sum of all, instead of a residual.
    EncodingOptions without = up;
    without.error_feedback = false;
    costs.kept_bytes = 2 * kFloatBytes * static_cast<double>(costs.whole.parameters) +
                       static_cast<double>(kept_bytes(without, setup_.shape, slice));
  }
  if (setup_.method.state != OptimiserState::reset) {
    // Of elements that wait until they are in the slice again, and of the model that waits while the other is trained.
    double idle = 0;
    if (moves(setup_.method.split))
      idle += static_cast<double>(slice_cost(setup_.shape, full_slice(setup_.shape)).trained_parameters() -
                                  costs.whole.trained_parameters());
    if (facts_of(setup_.method.personal.kind).trains_copy)
      idle += static_cast<double>(costs.whole.trained_parameters());
    costs.kept_bytes += kFloatBytes * slots * idle;
  }
  if (facts_of(setup_.method.exchange.kind).all_reduces)
    costs.kept_bytes +=
        kFloatBytes * facts_of(setup_.method.merge.kind).kept * static_cast<double>(costs.whole.parameters);
  if (facts_of(setup_.method.exchange.kind).splits_network)
    costs.cut = cut_cost(setup_.shape, slice, setup_.method.exchange.cut);
  if (setup_.method.split.nested.is_on()) costs.passes = passes_of(slice);
  return costs_.emplace(std::move(lengths), std::move(costs)).first->second;
}

// With self-distillation every step has a pass of the device's whole sub-model, and none of the same width again.
std::vector<TaskCosts::Pass> TaskCosts::passes_of(const WidthSlice& slice) const {
  const NestedChoice& nested = setup_.method.split.nested;
  const std::vector<WidthSlice> widths = nested_slices(setup_.shape, nested.widths, slice);
  std::vector<Pass> passes;
  for (const WidthSlice& width : widths)
    passes.push_back({slice_cost(setup_.shape, width), 1 / static_cast<double>(widths.size())});
  if (nested.distils) passes.back().share = 1;
  return passes;
}

double TaskCosts::training_flops(const WidthSlice& slice, const LocalTraining& training) {
  const Costs& costs = costs_of(slice);
  if (costs.passes.empty()) return msfusion::training_flops(device_cost_of(slice), training);
  double flops = 0;
  for (const Pass& pass : costs.passes) flops += pass.share * msfusion::training_flops(pass.cost, training);
  return flops;
}

double TaskCosts::training_seconds(const WidthSlice& slice, const LocalTraining& training, const Device& host) {
  const Costs& costs = costs_of(slice);
  if (costs.passes.empty()) return compute_seconds(device_cost_of(slice), training, host);
  double seconds = 0;
  for (const Pass& pass : costs.passes) seconds += pass.share * compute_seconds(pass.cost, training, host);
  return seconds;
}

LocalTraining TaskCosts::largest_training_of(NodeId device) const {
  const std::int64_t samples = facts_of(setup_.method.exchange.kind).pools_data
                                   ? std::accumulate(setup_.samples.begin(), setup_.samples.end(), std::int64_t{0})
                                   : setup_.samples_of(device);
  const ObjectiveRow& objective = facts_of(setup_.method.objective.kind);
  LocalTraining training = local_training(setup_.training, samples);
  training.parameter_copies = objective.parameter_copies;
  if (objective.corrects_gradient) {
    training.update_copies = 1;
    training.gathers_gradient = true;
  }
  training.frozen_models = objective.frozen_models;
  // The model that the update is counted from; objectives with copies have it among them.
  const bool counts_update = codes_updates(setup_.method.encoding) && !sends_copies(setup_.method);
  if (counts_update || setup_.method.privacy.clip) training.parameter_copies = std::max(training.parameter_copies, 1);
  if (facts_of(setup_.method.personal.kind).trains_copy) {
    // One is trained while the other waits; the own one is pulled, which changes its whole gradient.
    training.trained_models = 2;
    ++training.parameter_copies;
    training.update_copies = 1;
    training.gathers_gradient = true;
  }
  return training;
}

LocalTraining TaskCosts::training_of(NodeId device) const {
  LocalTraining training = largest_training_of(device);
  if (!has_trained_[static_cast<std::size_t>(device)]) training.frozen_models = 0;
  return training;
}

TrainTask TaskCosts::task(NodeId device, double split, WidthSlice slice) {
  const LocalTraining training = training_of(device);
  const SliceCost& whole = cost_of(slice);
  const SliceCost& own = device_cost_of(slice);
  TrainTask task;
  task.id = next_task_++;
  task.device = device;
  task.split = split;
  task.samples = training.samples;
  task.optimiser_steps = training.optimiser_steps;
  task.parameters = whole.parameters - weights_left_out(device);
  task.forward_macs = own.forward_macs;
  task.training_flops = training_flops(slice, training);
  if (facts_of(setup_.method.exchange.kind).splits_network)
    task.server_flops = msfusion::training_flops(whole, training) - task.training_flops;
  // From the first round on as admission judges it, frozen models included: a device that stays needs it in the next.
  task.peak_memory_bytes = peak_memory_bytes(device, slice);
  task.slice = std::move(slice);
  return task;
}

double TaskCosts::coding_seconds(const WidthSlice& slice, NodeId device) {
  const CodingWork& work = costs_of(slice).coding;
  const Device& host = setup_.fleet.node(device);
  const double moving = host.memory_bandwidth ? work.bytes / *host.memory_bandwidth : 0;
  return std::max(work.flops / host.speed_flops, moving);
}

double TaskCosts::work_flops(const TrainTask& task, NodeId node) {
  const Device& host = setup_.fleet.node(node);
  const LocalTraining training = training_of(task.device);
  double seconds = costs_of(task.slice).passes.empty() ? compute_seconds(cost_of(task.slice), training, host)
                                                       : training_seconds(task.slice, training, host);
  if (node == task.device) seconds += coding_seconds(task.slice, node);
  return seconds * host.speed_flops;
}

MessageSize TaskCosts::up(const WidthSlice& slice) {
  return costs_of(slice).up;
}
MessageSize TaskCosts::down(const WidthSlice& slice) {
  return costs_of(slice).down;
}

// A device sends back the weights that it got, in the same order: their places are known.
MessageSize TaskCosts::up(const TrainTask& task) {
  MessageSize size = up(task.slice);
  const double left_out = kFloatBytes * static_cast<double>(weights_left_out(task.device));
  return {size.bytes - left_out, size.plain_bytes - left_out};
}

MessageSize TaskCosts::down(const TrainTask& task) {
  MessageSize size = down(task.slice);
  const std::int64_t left_out = weights_left_out(task.device);
  if (left_out == 0) return size;
  const std::int64_t all = competing_weights(setup_.shape).all, kept = all - left_out;
  const auto places = static_cast<double>(std::min(4 * kept, (all + 7) / 8));
  size.bytes += places - kFloatBytes * static_cast<double>(left_out);
  size.plain_bytes -= kFloatBytes * static_cast<double>(left_out);
  return size;
}

std::int64_t TaskCosts::weights_left_out(NodeId device) const {
  const ImportanceChoice& importance = setup_.method.importance;
  if (!importance.is_on()) return 0;
  const CompetingWeights weights = competing_weights(setup_.shape);
  return weights.all - weights.kept(importance.of(device, setup_.fleet.size()));
}

double TaskCosts::peak_memory_bytes(NodeId device, const WidthSlice& slice) {
  const LocalTraining training = largest_training_of(device);
  const Costs& costs = costs_of(slice);
  double peak = msfusion::peak_memory_bytes(device_cost_of(slice), training);
  // A narrower step works on copies of the parameters that it trains, while the whole sub-model is held; and, with
  // self-distillation, its gradient.
  const bool holds_gradient = setup_.method.split.nested.distils && !training.gathers_gradient;
  for (const Pass& pass : costs.passes) {
    if (pass.cost.parameters == costs.whole.parameters) continue;
    SliceCost step = costs.whole;
    step.memory = pass.cost.memory;
    peak = std::max(
        peak, msfusion::peak_memory_bytes(step, training) + kFloatBytes * static_cast<double>(pass.cost.parameters) +
                  (holds_gradient ? kFloatBytes * static_cast<double>(costs.whole.trained_parameters()) : 0));
  }
  return peak + costs.kept_bytes;
}

}  // namespace msfusion
