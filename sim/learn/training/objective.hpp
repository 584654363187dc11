// The function that a device minimises: a loss on the autograd graph, and corrections of the gradient off the graph.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <vector>

#include "sim/learn/training/batches.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/learn/training/training_job.hpp"
#include "sim/method/method.hpp"

namespace msfusion {

class Objective {
 public:
  virtual ~Objective() = default;

  /// A scalar with a graph.
  virtual at::Tensor loss(const Net::Output& output, const Batch& batch) = 0;

  /// Whether the model is computed from something else than the parameters, and from what; on their graph.
  virtual bool changes_parameters() const { return false; }
  virtual std::vector<at::Tensor> changed(const std::vector<at::Tensor>& parameters) const { return parameters; }

  /// Whether correct_gradient() changes anything.
  virtual bool corrects_gradient() const { return false; }

  /// Adds the objective's own terms to the flat gradient, after clipping; returns their part of the loss.
  virtual double correct_gradient(at::Tensor& gradient, const at::Tensor& values) {
    (void)gradient, (void)values;
    return 0;
  }

  /// Called after the last step, to add what the merge needs. `distance`: the learning rate times carried_distance().
  virtual void finish(Trained& trained, double distance) { (void)trained, (void)distance; }
};

/// What an objective may read. Everything in it outlives the objective.
struct ObjectiveContext {
  const ObjectiveChoice& choice;
  const Net& net;
  const TrainingJob& job;
  const SliceMap& map;
  const at::Tensor& start;  ///< flat: what the device started the round with
  double scaler;
  int rounds = 0;  ///< of the whole run
};

/// Each kind has a function make_KIND_objective of this type, in objectives/KIND.cpp; sim/learn/CMakeLists.txt lists
/// them.
using MakeObjective = std::unique_ptr<Objective>(const ObjectiveContext&);

/// Generated from that list. A kind that is missing from it does not compile.
MakeObjective* objective_maker(ObjectiveKind kind);

/// Mean over all targets; logits [samples, classes] or [samples, tokens, classes].
at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& target);

}  // namespace msfusion
