#include "sim/calibrate/step_bench.hpp"

#include "sim/data/synthetic.hpp"
#include "sim/method/registry.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/models.hpp"

namespace msfusion {

namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kClasses = 10;

Dataset data_for(const GridPoint& point) {
  if (point.model.vocabulary > 0) {
    SyntheticText text;
    text.vocabulary = point.model.vocabulary;
    text.window = window_of(point.model.model);
    text.train_samples = 2 * point.batch * point.threads;
    text.test_samples = point.batch;
    return make_synthetic_text(text, kSeed);
  }
  SyntheticChoice images;
  images.classes = kClasses;
  images.side = point.model.side;
  images.channels = point.model.channels;
  images.train_samples = 2 * std::int64_t{point.batch} * point.threads;
  images.test_samples = point.batch;
  return make_synthetic(images, kSeed);
}

SampleShape samples_of(const GridPoint& point) {
  if (point.model.vocabulary > 0)
    return {InputKind::tokens, 1, 1, window_of(point.model.model), point.model.vocabulary};
  return {InputKind::image, point.model.channels, point.model.side, point.model.side, kClasses};
}

}  // namespace

Shape shape_of(const GridPoint& point) {
  return build_shape(point.model.model, samples_of(point));
}

StepBench::StepBench(const GridPoint& point, const LearnerMaker& make_learner)
    : point_(point),
      data_(data_for(point)),
      shape_(shape_of(point)),
      slice_(fixed_slice(shape_, point.rate)),
      method_(find_method(point.contrastive ? "msfusion" : "fedavg")->choices) {
  training_.batch = point.batch;
  training_.rounds = 1'000'000;
  training_.local_steps = 1;
  training_.learning_rate = 1e-4;
  parts_.samples.resize(static_cast<std::size_t>(point.threads));
  for (std::int64_t i = 0; i < data_.train_samples(); ++i)
    parts_.samples[static_cast<std::size_t>(i % point.threads)].push_back(static_cast<std::int32_t>(i));
  learner_ = make_learner(
      LearnerSetup{shape_, data_, parts_, training_, evaluation_, data_spec_, method_, kSeed, point.threads, nullptr});
  constexpr int kFirstSteps = 2;
  for (int i = 0; i < 2; ++i) steps(kFirstSteps);
}

StepBench::Time StepBench::steps(int count) {
  training_.local_steps = count;
  RoundPlan plan;
  plan.round = round_++;
  std::vector<TaskId> ids;
  std::vector<Delivery> deliveries;
  for (NodeId device = 0; device < point_.threads; ++device) {
    TrainTask task;
    task.id = plan.round * point_.threads + device;
    task.device = device;
    task.split = point_.rate;
    task.slice = slice_;
    ids.push_back(task.id);
    plan.tasks.push_back(std::move(task));
    plan.next_slices.push_back(slice_);
    deliveries.push_back({ids.back(), facts_of(method_.exchange.kind).needs_server ? point_.threads : device});
  }
  learner_->start(plan, ids);
  Time time;
  for (const TaskOutcome& outcome : learner_->merge(plan, deliveries)) {
    time.cpu_seconds += outcome.cpu_seconds / count / point_.threads;
    time.wall_seconds += outcome.wall_seconds / count / point_.threads;
  }
  return time;
}

}  // namespace msfusion
