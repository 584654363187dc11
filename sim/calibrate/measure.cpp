#include "sim/calibrate/measure.hpp"

#include <algorithm>
#include <cmath>

#include "sim/base/median.hpp"
#include "sim/data/synthetic.hpp"
#include "sim/method/planner.hpp"
#include "sim/method/registry.hpp"
#include "sim/plan/split_rules.hpp"
#include "sim/shape/models.hpp"

namespace msfusion {

namespace {

constexpr std::uint64_t kSeed = 1;
constexpr int kRepetitions = 9;
constexpr double kRepetitionSeconds = 0.03;
constexpr int kMostSteps = 400;
constexpr int kClasses = 10;

int window_of(const ModelSpec& model) {
  if (const auto* lstm = std::get_if<LstmSpec>(&model)) return lstm->window;
  return std::get<TransformerSpec>(model).window;
}

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

/// The learner of a grid point, and rounds of so many steps.
class Bench {
 public:
  Bench(const GridPoint& point, const LearnerMaker& make_learner)
      : point_(point),
        data_(data_for(point)),
        shape_(build_shape(point.model.model, samples_of(point))),
        slice_(fixed_slice(shape_, point.rate)),
        method_(point.contrastive ? make_msfusion() : make_fedavg()) {
    training_.batch = point.batch;
    training_.rounds = 1'000'000;
    training_.local_steps = 1;
    training_.learning_rate = 1e-4;
    parts_.samples.resize(static_cast<std::size_t>(point.threads));
    for (std::int64_t i = 0; i < data_.train_samples(); ++i)
      parts_.samples[static_cast<std::size_t>(i % point.threads)].push_back(static_cast<std::int32_t>(i));
    learner_ = make_learner(LearnerSetup{shape_, data_, parts_, training_, evaluation_, data_spec_, method_, kSeed,
                                         point.threads, nullptr});
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  struct Time {
    double cpu_seconds = 0, wall_seconds = 0;  // of a step
  };

  Time steps(int count) {
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
      deliveries.push_back({ids.back(), method_.exchange.kind == ExchangeKind::server ? point_.threads : device});
    }
    learner_->start(plan, ids);
    Time time;
    for (const TaskOutcome& outcome : learner_->merge(plan, deliveries)) {
      time.cpu_seconds += outcome.cpu_seconds / count / point_.threads;
      time.wall_seconds += outcome.wall_seconds / count / point_.threads;
    }
    return time;
  }

 private:
  const GridPoint& point_;
  Dataset data_;
  Shape shape_;
  WidthSlice slice_;
  Method method_;
  Partition parts_;
  TrainingSpec training_;
  EvaluationSpec evaluation_;
  DataSpec data_spec_;
  std::unique_ptr<Learner> learner_;
  int round_ = 0;
};

LocalTraining one_step(const GridPoint& point) {
  LocalTraining training;
  training.samples = training.batch = point.batch;
  training.optimiser_steps = 1;
  training.frozen_models = point.contrastive ? 2 : 0;
  return training;
}

}  // namespace

StepTime step_of(const GridPoint& point) {
  const Shape shape = build_shape(point.model.model, samples_of(point));
  return {point, slice_cost(shape, fixed_slice(shape, point.rate)), one_step(point), 0, 0};
}

std::vector<StepTime> measure_steps(const std::vector<GridPoint>& points, const LearnerMaker& make_learner,
                                    const std::function<void(std::size_t done, std::size_t all)>& progress) {
  struct Measured {
    std::unique_ptr<Bench> bench;
    int steps = 0;
    std::vector<double> cpu_seconds, wall_seconds;
  };
  std::vector<Measured> all(points.size());
  std::size_t done = 0;
  const auto advance = [&] { progress(++done, (kRepetitions + 1) * points.size()); };
  for (std::size_t i = 0; i < points.size(); ++i) {
    all[i].bench = std::make_unique<Bench>(points[i], make_learner);
    // The first steps of a shape choose and compile kernels; a contrastive loss has its negatives from the second
    // round.
    all[i].bench->steps(2);
    const double about = all[i].bench->steps(2).cpu_seconds;
    all[i].steps = std::clamp(static_cast<int>(std::ceil(kRepetitionSeconds / about)), 2, kMostSteps);
    advance();
  }
  for (int repetition = 0; repetition < kRepetitions; ++repetition)
    for (Measured& point : all) {
      const Bench::Time time = point.bench->steps(point.steps);
      point.cpu_seconds.push_back(time.cpu_seconds);
      point.wall_seconds.push_back(time.wall_seconds);
      advance();
    }
  std::vector<StepTime> results;
  for (std::size_t i = 0; i < points.size(); ++i) {
    StepTime result = step_of(points[i]);
    result.cpu_seconds = median(all[i].cpu_seconds);
    result.wall_seconds = median(all[i].wall_seconds);
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace msfusion
