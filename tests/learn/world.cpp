#include "tests/learn/world.hpp"

#include <algorithm>
#include <random>
#include <sstream>

namespace msfusion::test {

namespace {

std::uint8_t pixel(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

ImageSet image_set(int classes, int side, int channels, int count, std::mt19937_64& random,
                   const std::vector<int>& prototypes) {
  ImageSet set;
  set.channels = channels;
  set.height = set.width = side;
  const int size = channels * side * side;
  for (int i = 0; i < count; ++i) {
    const int label = static_cast<int>(random() % static_cast<unsigned>(classes));
    set.labels.push_back(label);
    for (int p = 0; p < size; ++p)
      set.pixels.push_back(
          pixel(prototypes[static_cast<std::size_t>(label * size + p)] + static_cast<int>(random() % 81) - 40));
  }
  return set;
}

}  // namespace

Dataset images(int classes, int side, int channels, int train, int test, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<int> prototypes;
  for (int i = 0; i < classes * channels * side * side; ++i) prototypes.push_back(static_cast<int>(random() % 256));
  Dataset data;
  data.name = "test images";
  data.classes = classes;
  data.train_images = image_set(classes, side, channels, train, random, prototypes);
  data.test_images = image_set(classes, side, channels, test, random, prototypes);
  data.channel_mean.assign(static_cast<std::size_t>(channels), 0.5F);
  data.channel_std.assign(static_cast<std::size_t>(channels), 0.25F);
  return data;
}

Dataset text(int vocabulary, int window, int train_windows, int test_windows) {
  std::mt19937_64 random(5);
  const auto sequence = [&](int windows) {
    TokenSet set;
    int token = 0;
    for (int i = 0; i < windows * window + 1; ++i) {
      set.tokens.push_back(token);
      token = random() % 8 == 0 ? static_cast<int>(random() % static_cast<unsigned>(vocabulary))
                                : (token * 3 + 1) % vocabulary;
    }
    return set;
  };
  Dataset data;
  data.name = "test text";
  data.kind = DataKind::tokens;
  data.classes = vocabulary;
  data.window = window;
  data.train_tokens = sequence(train_windows);
  data.test_tokens = sequence(test_windows);
  return data;
}

Shape shape_for(const ModelOptions& model, const Dataset& data) {
  if (data.kind == DataKind::tokens) return build_shape(model, {InputKind::tokens, 1, 1, data.window, data.classes});
  const ImageSet& set = data.train_images;
  return build_shape(model, {InputKind::image, set.channels, set.height, set.width, data.classes});
}

Partition dealt(const Dataset& data, int devices, int leave_out) {
  Partition parts;
  parts.samples.resize(static_cast<std::size_t>(devices));
  for (std::int64_t i = 0; i < data.train_samples() - leave_out; ++i)
    parts.samples[static_cast<std::size_t>(i % devices)].push_back(static_cast<std::int32_t>(i));
  return parts;
}

WidthSlice window_slice(const Shape& shape, double rate, int shift) {
  WidthSlice slice;
  for (const Axis& axis : shape.axes)
    slice.axes.push_back(IndexSet::window(shift % axis.units, sliced_units(rate, axis.units), axis.units));
  return slice;
}

World::World(Dataset d, const ModelOptions& model, int devices, int leave_out)
    : data(std::move(d)), shape(shape_for(model, data)), parts(dealt(data, devices, leave_out)) {
  training.rounds = 10;
  training.batch = 8;
  training.learning_rate = 0.05;
  evaluation.norm_samples = 50;
  method.name = method.label = "test";
}

std::unique_ptr<Learner> World::learner() const {
  LearnerSetup setup{shape, data, parts, training, evaluation, data_spec, method, seed, workers, nullptr};
  return make_learner(setup);
}

RoundPlan World::round(int number, std::vector<WidthSlice> slices) const {
  RoundPlan plan;
  plan.round = number;
  for (int device = 0; device < devices(); ++device) {
    TrainTask task;
    task.id = number * devices() + device;
    task.device = device;
    task.slice = slices.size() == 1 ? slices.front() : slices.at(static_cast<std::size_t>(device));
    task.training_flops = 1;
    const auto held = static_cast<std::int64_t>(parts.samples[static_cast<std::size_t>(device)].size());
    task.optimiser_steps =
        training.local_steps.value_or(training.local_epochs * ((held + training.batch - 1) / training.batch));
    plan.tasks.push_back(std::move(task));
  }
  return plan;
}

std::vector<TaskId> all_tasks(const RoundPlan& plan) {
  std::vector<TaskId> ids;
  for (const auto& task : plan.tasks) ids.push_back(task.id);
  return ids;
}

std::vector<Delivery> to_server(const RoundPlan& plan, NodeId server) {
  std::vector<Delivery> deliveries;
  for (const auto& task : plan.tasks) deliveries.push_back({task.id, server});
  return deliveries;
}

std::vector<Delivery> to_all_peers(const RoundPlan& plan) {
  std::vector<Delivery> deliveries;
  for (const auto& from : plan.tasks)
    for (const auto& to : plan.tasks)
      if (from.device != to.device) deliveries.push_back({from.id, to.device});
  return deliveries;
}

std::vector<TaskOutcome> play(Learner& learner, const World& world, const RoundPlan& plan) {
  learner.start(plan, all_tasks(plan));
  const ExchangeRow& exchange = facts_of(world.method.exchange.kind);
  if (exchange.all_reduces) return learner.merge(plan, to_server(plan, kEverybody));
  if (exchange.among_peers) return learner.merge(plan, to_all_peers(plan));
  if (exchange.needs_server) return learner.merge(plan, to_server(plan, world.devices()));
  return learner.merge(plan, {});
}

void play(Learner& learner, const World& world, int rounds, std::vector<WidthSlice> slices) {
  if (slices.empty()) slices = {full_slice(world.shape)};
  for (int t = 0; t < rounds; ++t) play(learner, world, world.round(t, slices));
}

Evaluation evaluate(Learner& learner, int round) {
  learner.begin_evaluation(round);
  return learner.finish_evaluation();
}

std::string state_of(const Learner& learner) {
  std::ostringstream out;
  learner.save(out);
  return out.str();
}

}  // namespace msfusion::test
