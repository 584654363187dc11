// What a device's training of a slice costs under a method: samples, work, memory, bytes.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "sim/encode/message.hpp"
#include "sim/method/planner_setup.hpp"
#include "sim/plan/local_work.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/shape/cost.hpp"

namespace msfusion {

/// The training that a round asks of a device with that many samples: epochs or steps with a partial last batch.
LocalTraining local_training(const TrainingOptions& training, std::int64_t samples);

/// Of what a device itself trains: the layers before the cut where the exchange splits the network, or else all.
SliceCost device_cost(const Shape& shape, const WidthSlice& slice, const ExchangeChoice& exchange);

/// A message of parameters: its bytes, and those that 32-bit floats would take.
struct MessageSize {
  double bytes = 0;
  double plain_bytes = 0;
};

class TaskCosts {
 public:
  explicit TaskCosts(const PlannerSetup& setup);  ///< which must outlive it

  const SliceCost& cost_of(const WidthSlice& slice) { return costs_of(slice).whole; }

  /// Only where the exchange splits the network.
  const CutCost& cut_cost_of(const WidthSlice& slice) { return costs_of(slice).cut.value(); }

  /// Of what the device itself trains.
  const SliceCost& device_cost_of(const WidthSlice& slice) {
    const Costs& costs = costs_of(slice);
    return costs.cut ? costs.cut->front : costs.whole;
  }

  /// As the device trains now, and as it does when the objective has all its frozen models.
  LocalTraining training_of(NodeId device) const;
  LocalTraining largest_training_of(NodeId device) const;

  /// Of what the device itself trains; the mean over the widths that its steps may draw.
  double training_flops(const WidthSlice& slice, const LocalTraining& training);
  double training_seconds(const WidthSlice& slice, const LocalTraining& training, const Device& host);

  /// A task with an id of its own.
  TrainTask task(NodeId device, double split, WidthSlice slice);

  /// Of the task's training as the node's speed divides it; on its own device with the coding of its messages.
  double work_flops(const TrainTask& task, NodeId node);
  double coding_seconds(const WidthSlice& slice, NodeId device);

  /// The slice, and what the merge sends along, as the device sends and receives them.
  MessageSize up(const WidthSlice& slice);
  MessageSize down(const WidthSlice& slice);

  /// Of the task's sub-model, which may be single weights.
  MessageSize up(const TrainTask& task);
  MessageSize down(const TrainTask& task);

  /// The most that the device needs for training this slice, what its encoding keeps between rounds included.
  double peak_memory_bytes(NodeId device, const WidthSlice& slice);

  void mark_trained(NodeId device) { has_trained_[static_cast<std::size_t>(device)] = true; }

 private:
  // A sub-model inside the device's, and in what share of the steps it is trained.
  struct Pass {
    SliceCost cost;
    double share = 1;
  };
  struct Costs {
    SliceCost whole;
    std::optional<CutCost> cut;
    MessageSize up, down;
    CodingWork coding;
    double kept_bytes = 0;     // by the encoding, between rounds
    std::vector<Pass> passes;  // of a step, where steps draw widths
  };
  const Costs& costs_of(const WidthSlice& slice);
  std::vector<Pass> passes_of(const WidthSlice& slice) const;
  std::int64_t weights_left_out(NodeId device) const;

  const PlannerSetup& setup_;
  std::map<std::vector<int>, Costs> costs_;  // by the lengths of the slice's index sets
  std::vector<bool> has_trained_;            // so that a contrastive loss has something to compare with
  TaskId next_task_ = 0;
};

}  // namespace msfusion
