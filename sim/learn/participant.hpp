// One node's own part in the rounds of a plan, as a deployed device or server carries it out: it knows what it trained
// and what was sent to it, and nothing else. Free of LibTorch.
#pragma once

#include <memory>
#include <vector>

#include "sim/learn/learner.hpp"

namespace msfusion {

/// Calls come from one thread, in the order of the plan's steps. Throws RunError where the training diverges.
class Participant {
 public:
  virtual ~Participant() = default;

  /// Trains once and forgets the result, so that the kernels of the slice are chosen and compiled before time counts.
  virtual void warm_up(const RoundPlan& plan, TaskId task) = 0;

  /// The node's own training of the round, from the values that it has now.
  virtual TaskOutcome train(const RoundPlan& plan, TaskId task) = 0;

  /// What a transfer from this node carries: exactly the plan's bytes, four for each value.
  virtual std::vector<float> pack(const RoundPlan& plan, StepId transfer) = 0;

  /// What a transfer to this node brought.
  virtual void unpack(const RoundPlan& plan, StepId transfer, const std::vector<float>& values) = 0;

  /// Merges, once every transfer to this node has come.
  virtual void finish_round(const RoundPlan& plan) = 0;

  /// The parameters that the node has after the round: of the server the whole model, of a peer its next sub-model, of
  /// a device with a server what it trained.
  virtual std::vector<float> parameters(const RoundPlan& last) const = 0;
};

/// For MSfusion on a complete graph of peers and for means at a server. Throws UserError for other methods.
std::unique_ptr<Participant> make_participant(const LearnerSetup& setup, NodeId node);

}  // namespace msfusion
