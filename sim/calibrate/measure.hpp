// Times real training steps of a grid point with the learner that runs use.
#pragma once

#include <functional>
#include <memory>

#include "sim/calibrate/grid.hpp"
#include "sim/learn/learner.hpp"
#include "sim/plan/local_work.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

/// What a grid point is for the roofline, and how long it took.
struct StepTime {
  GridPoint point;
  SliceCost cost;          ///< of the slice
  LocalTraining training;  ///< one step
  double cpu_seconds =
      0;  ///< of a step: of the training thread's own clock, so that other programs' load is not counted
  double wall_seconds = 0;
};

using LearnerMaker = std::function<std::unique_ptr<Learner>(const LearnerSetup&)>;

/// Trains steps on synthetic data, some repetitions after a first one that is not counted, and takes the fastest
/// repetition by its CPU time.
/// The same without its times.
StepTime step_of(const GridPoint& point);
StepTime measure_step(const GridPoint& point, const LearnerMaker& make_learner);

}  // namespace msfusion
