// Small models, data and hand-made round plans that the tests of the learning room share.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/learn/learner.hpp"
#include "sim/plan/training_options.hpp"
#include "sim/shape/models.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion::test {

/// Images of class prototypes plus noise.
Dataset images(int classes, int side, int channels, int train, int test, std::uint64_t seed = 7);
/// A sequence in which a token depends on the one before it.
Dataset text(int vocabulary, int window, int train_windows, int test_windows);

Shape shape_for(const ModelOptions& model, const Dataset& data);

/// Sample i belongs to device i mod devices; the last `leave_out` samples belong to none.
Partition dealt(const Dataset& data, int devices, int leave_out = 0);

WidthSlice window_slice(const Shape& shape, double rate, int shift = 0);

/// A run in memory: everything that a LearnerSetup refers to, and hand-made rounds.
struct World {
  Dataset data;
  Shape shape;
  Partition parts;
  TrainingOptions training;
  EvaluationOptions evaluation;
  DataOptions data_spec;
  Method method;
  std::uint64_t seed = 3;
  int workers = 1;

  World(Dataset d, const ModelOptions& model, int devices, int leave_out = 0);
  int devices() const { return static_cast<int>(parts.samples.size()); }
  std::unique_ptr<Learner> learner() const;
  /// One task per device with these slices; a single slice is every device's.
  RoundPlan round(int number, std::vector<WidthSlice> slices) const;
  RoundPlan round(int number) const { return round(number, {full_slice(shape)}); }
};

std::vector<TaskId> all_tasks(const RoundPlan& plan);
std::vector<Delivery> to_server(const RoundPlan& plan, NodeId server);
std::vector<Delivery> to_all_peers(const RoundPlan& plan);

/// Starts and merges a round of the method's exchange in which everything arrives.
std::vector<TaskOutcome> play(Learner& learner, const World& world, const RoundPlan& plan);
/// Several rounds with the same slices.
void play(Learner& learner, const World& world, int rounds, std::vector<WidthSlice> slices = {});

Evaluation evaluate(Learner& learner, int round = 0);

/// The saved state, byte for byte.
std::string state_of(const Learner& learner);

}  // namespace msfusion::test
