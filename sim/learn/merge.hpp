// What server and devices know between rounds, and how a round's results change it. One file per way of merging.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sim/data/partition.hpp"
#include "sim/learn/batches.hpp"
#include "sim/learn/layout.hpp"
#include "sim/learn/learner.hpp"
#include "sim/learn/pool.hpp"
#include "sim/learn/state_file.hpp"
#include "sim/learn/training_job.hpp"
#include "sim/method/method.hpp"

namespace msfusion {

/// A round's results. Tasks in the order of their ids, each delivered to somebody; deliveries by task, then receiver.
struct Arrivals {
  const RoundPlan& plan;
  std::vector<const Trained*> tasks;
  std::vector<Delivery> deliveries;

  /// Somebody else than its own device has it.
  bool was_sent(const Trained& trained) const;
};

/// Model values as flat buffers of the full model. A buffer is never written to after it was handed out: a merge makes
/// new ones, so that training and evaluation of the old ones can go on beside it.
class ModelState {
 public:
  virtual ~ModelState() = default;

  /// The model that the method would deploy.
  virtual at::Tensor global() const = 0;

  /// Where the device's sub-model is gathered from.
  virtual at::Tensor of(NodeId device) const = 0;

  virtual void merge(const Arrivals& arrivals) = 0;

  /// Peers: mean over devices of |view - mean view| / |mean view|.
  virtual std::optional<double> disagreement() const { return std::nullopt; }

  /// Adds what else the device takes into its training.
  virtual void equip(TrainingJob& job) const { (void)job; }

  virtual void save(StateWriter& out) const = 0;
  virtual void restore(StateReader& in) = 0;
};

/// What a state is made from. Everything outlives it.
struct MergeContext {
  const Shape& shape;
  const ParameterLayout& full;
  const Method& method;
  const Partition& parts;
  const Batches& batches;
  const TrainingSpec& training;
  std::int64_t train_samples = 0;
  std::uint64_t seed = 0;
  Pool& pool;
  at::Tensor initial;
  int devices() const { return static_cast<int>(parts.samples.size()); }
};

using StateMaker = std::unique_ptr<ModelState> (*)(const MergeContext&);

std::unique_ptr<ModelState> make_mean(const MergeContext& context);
std::unique_ptr<ModelState> make_server_overlap(const MergeContext& context);
std::unique_ptr<ModelState> make_peer_overlap(const MergeContext& context);
std::unique_ptr<ModelState> make_momentum(const MergeContext& context);
std::unique_ptr<ModelState> make_adam(const MergeContext& context);
std::unique_ptr<ModelState> make_variates(const MergeContext& context);
std::unique_ptr<ModelState> make_gossip(const MergeContext& context);
std::unique_ptr<ModelState> make_none(const MergeContext& context);
std::unique_ptr<ModelState> make_staleness(const MergeContext& context);
std::unique_ptr<ModelState> make_distill(const MergeContext& context);
std::unique_ptr<ModelState> make_average_logits(const MergeContext& context);

/// By the method's merge, and for overlap means by who merges: the server or the peers.
std::unique_ptr<ModelState> make_state(const MergeContext& context);

}  // namespace msfusion
