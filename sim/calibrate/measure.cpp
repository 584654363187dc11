#include "sim/calibrate/measure.hpp"

#include <algorithm>
#include <cmath>

#include "sim/base/median.hpp"
#include "sim/calibrate/phases.hpp"
#include "sim/calibrate/step_bench.hpp"
#include "sim/deploy/core_turn.hpp"
#include "sim/plan/split_rules.hpp"

namespace msfusion {

namespace {

constexpr int kRepetitions = 13;
constexpr double kRepetitionSeconds = 0.015;
constexpr int kMostSteps = 400;

LocalTraining one_step(const GridPoint& point) {
  LocalTraining training;
  training.samples = training.batch = point.batch;
  training.optimiser_steps = 1;
  training.frozen_models = point.contrastive ? 2 : 0;
  return training;
}

}  // namespace

StepTime step_of(const GridPoint& point) {
  const Shape shape = shape_of(point);
  return {point, slice_cost(shape, fixed_slice(shape, point.rate)), one_step(point), 0, 0};
}

std::vector<StepTime> measure_steps(const std::vector<GridPoint>& points, const LearnerMaker& make_learner,
                                    const std::function<void(std::size_t done, std::size_t all)>& progress,
                                    std::vector<SpeedAt>* speeds) {
  struct Ready {
    std::unique_ptr<StepBench> bench;
    int steps = 0;
  };
  std::vector<Ready> all;
  std::size_t done = 0;
  const auto advance = [&] { progress(++done, (kRepetitions + 1) * points.size()); };
  for (const GridPoint& point : points) {
    auto bench = std::make_unique<StepBench>(point, make_learner);
    const double about = bench->steps(2).cpu_seconds;
    all.push_back(
        {std::move(bench), std::clamp(static_cast<int>(std::ceil(kRepetitionSeconds / about)), 1, kMostSteps)});
    advance();
  }
  std::vector<std::vector<double>> cpu(kRepetitions), waiting(points.size());
  const double began = monotonic_seconds();
  std::vector<double> moments;
  for (auto& pass : cpu)
    for (std::size_t i = 0; i < points.size(); ++i) {
      const StepBench::Time time = all[i].bench->steps(all[i].steps);
      pass.push_back(time.cpu_seconds);
      moments.push_back(monotonic_seconds() - began);
      waiting[i].push_back(time.wall_seconds / time.cpu_seconds);
      advance();
    }
  const std::vector<double> usual = at_usual_speed(cpu);
  for (std::size_t moment = 0; speeds && moment < moments.size(); ++moment)
    speeds->push_back(
        {moments[moment], usual[moment % points.size()] / cpu[moment / points.size()][moment % points.size()]});
  std::vector<StepTime> results;
  for (std::size_t i = 0; i < points.size(); ++i) {
    results.push_back(step_of(points[i]));
    results.back().cpu_seconds = usual[i];
    results.back().wall_seconds = usual[i] * median(waiting[i]);
  }
  return results;
}

}  // namespace msfusion
