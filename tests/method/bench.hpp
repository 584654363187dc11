// A small fleet and model that planners, and the parts of planners, are tested on.
#pragma once

#include <string>

#include "sim/method/planner_setup.hpp"
#include "sim/method/registry.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

Method method_named(const char* name);
Method msfusion_at(double rate);

/// A fleet, a small cnn and 20 samples a device; change what a test is about before planning.
struct Bench {
  Shape shape;
  Fleet fleet;
  Method method;
  TrainingOptions training;
  ConstraintOptions constraints;

  explicit Bench(Method chosen, int devices = 4);
  PlannerSetup setup() const;
};

TimedRound everything_done(const RoundPlan& plan);

double bytes_of_pair(const RoundPlan& plan, NodeId from, NodeId to, Cargo cargo);

}  // namespace msfusion
