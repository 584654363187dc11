// Times real training steps of a grid point with the learner that runs use.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sim/calibrate/phases.hpp"
#include "sim/calibrate/step_bench.hpp"
#include "sim/plan/local_work.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

/// What a grid point is for the roofline, and how long it took.
struct StepTime {
  GridPoint point;
  SliceCost cost;          ///< of the slice
  LocalTraining training;  ///< one step
  double cpu_seconds = 0;  ///< of the training thread's own clock, so that other programs' turns are not counted
  double wall_seconds = 0;
};

/// A grid point as a step, without its times.
StepTime step_of(const GridPoint& point);

/// Trains steps of every point on synthetic data, again and again: each pass goes through all points, so that phases in
/// which the machine is slow can be told from points that are (at_usual_speed). `progress` is told how many of how many
/// repetitions are done.
/// `speeds`: how fast the machine was at each measurement is added there, in order of time; may be null.
std::vector<StepTime> measure_steps(const std::vector<GridPoint>& points, const LearnerMaker& make_learner,
                                    const std::function<void(std::size_t done, std::size_t all)>& progress,
                                    std::vector<SpeedAt>* speeds = nullptr);

}  // namespace msfusion
