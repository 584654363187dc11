// One deployed node's training and merging: it knows what it trained and what was sent to it, and nothing else. This
// header is free of LibTorch; programs load what is behind it when training starts (tools/commands/learner_plugin.hpp).
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "sim/learn/learner.hpp"

namespace msfusion {

/// What a message between deployed nodes carries.
using Payload = std::vector<std::byte>;

/// Calls come from one thread, in the order of the plan's steps. Throws RunError where the training diverges.
class Participant {
 public:
  virtual ~Participant() = default;

  /// Trains once and discards the result, so that the slice's kernels are chosen and compiled before time is measured.
  virtual void warm_up(const RoundPlan& plan, TaskId task) = 0;

  /// The node's own training of the round, from its current values.
  virtual TaskOutcome train(const RoundPlan& plan, TaskId task) = 0;

  /// The payload of a transfer from this node: exactly the plan's bytes, as the method encodes them.
  virtual Payload pack(const RoundPlan& plan, StepId transfer) = 0;

  /// Takes the payload of a transfer to this node.
  virtual void unpack(const RoundPlan& plan, StepId transfer, const Payload& payload) = 0;

  /// Merges, after every transfer to this node has arrived.
  virtual void finish_round(const RoundPlan& plan) = 0;

  /// The node's parameters after the round: the server's whole model, a peer's next sub-model, or what a device with a
  /// server trained.
  virtual std::vector<float> parameters(const RoundPlan& last) const = 0;
};

/// For MSfusion on a complete graph of peers and for means at a server. Throws UserError for other methods.
std::unique_ptr<Participant> make_participant(const LearnerSetup& setup, NodeId node);

}  // namespace msfusion
