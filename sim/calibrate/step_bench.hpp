// A grid point's training, ready to be timed.
#pragma once

#include <functional>
#include <memory>

#include "sim/calibrate/grid.hpp"
#include "sim/learn/learner.hpp"
#include "sim/method/method.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

using LearnerMaker = std::function<std::unique_ptr<Learner>(const LearnerSetup&)>;

/// The shape that a grid point slices.
Shape shape_of(const GridPoint& point);

/// The learner of a grid point, on synthetic data, which trains when asked to. The first steps have been taken: they
/// choose and compile kernels, and a contrastive loss has its negatives from the second round.
class StepBench {
 public:
  StepBench(const GridPoint& point, const LearnerMaker& make_learner);
  StepBench(const StepBench&) = delete;
  StepBench& operator=(const StepBench&) = delete;

  struct Time {
    double cpu_seconds = 0;   ///< of the training thread's own clock, so that other programs' turns are not counted
    double wall_seconds = 0;  ///< both of a step
  };
  /// Trains so many steps on each of the point's threads.
  Time steps(int count);

 private:
  GridPoint point_;
  Dataset data_;
  Shape shape_;
  WidthSlice slice_;
  Method method_;
  Partition parts_;
  TrainingOptions training_;
  EvaluationOptions evaluation_;
  DataOptions data_spec_;
  std::unique_ptr<Learner> learner_;
  int round_ = 0;
};

}  // namespace msfusion
