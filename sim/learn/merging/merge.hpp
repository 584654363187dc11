// The models that server and devices hold between rounds, and how a round's results change them. One file per merge.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/data/partition.hpp"
#include "sim/learn/learner.hpp"
#include "sim/learn/running/pool.hpp"
#include "sim/learn/running/state_file.hpp"
#include "sim/learn/training/batches.hpp"
#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/training_job.hpp"
#include "sim/method/method.hpp"

namespace msfusion {

/// A round's results: tasks by id, each delivered at least once; deliveries by task, then receiver.
struct Arrivals {
  const RoundPlan& plan;
  std::vector<const Trained*> tasks;  ///< as their receivers decoded them
  std::vector<Delivery> deliveries;
  std::vector<const Trained*> own = {};  ///< as the devices have them themselves; empty: the same

  /// Another node than its own device has received it.
  bool was_sent(const Trained& trained) const;
};

/// Model values as flat buffers of the full model. A merge makes new buffers and never writes to one that was handed
/// out, so that training and evaluation of the old models can go on.
class ModelState {
 public:
  virtual ~ModelState() = default;

  /// The model that the method would deploy.
  virtual at::Tensor global() const = 0;

  /// What the receivers call that model: "the server's model".
  virtual const char* what_is_global() const = 0;

  /// The full-size buffer that the device's sub-model is gathered from.
  virtual at::Tensor of(NodeId device) const = 0;

  virtual void merge(const Arrivals& arrivals) = 0;

  /// Peers: mean over devices of |view - mean view| / |mean view|.
  virtual std::optional<double> disagreement() const { return std::nullopt; }

  /// Adds what the device's training needs besides the model.
  virtual void equip(TrainingJob& job) const { (void)job; }

  virtual void save(StateWriter& out) const = 0;
  virtual void restore(StateReader& in) = 0;
};

/// What a state is made from. Everything in it outlives the state.
struct MergeContext {
  const Shape& shape;
  const ParameterLayout& full;
  const Method& method;
  const Partition& parts;
  const Batches& batches;
  const TrainingOptions& training;
  std::int64_t train_samples = 0;
  std::uint64_t seed = 0;
  Pool& pool;
  at::Tensor initial;
  int devices() const { return static_cast<int>(parts.samples.size()); }
};

/// Each kind has a function make_KIND_merge of this type, in merging/KIND.cpp; sim/learn/CMakeLists.txt lists them.
using MakeMerge = std::unique_ptr<ModelState>(const MergeContext&);

/// Generated from that list. A kind that is missing from it does not compile.
MakeMerge* merge_maker(MergeKind kind);

}  // namespace msfusion
