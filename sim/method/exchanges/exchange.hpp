// Exchanges: each adds its transfers, and the computing they wait for, to a plan's tasks.
#pragma once

#include <functional>
#include <optional>

#include "sim/method/public_copies.hpp"
#include "sim/method/task_costs.hpp"
#include "sim/plan/coverage.hpp"

namespace msfusion {

/// A plan under construction, and all that an exchange may ask while it adds steps.
struct PlanDraft {
  const PlannerSetup& setup;
  TaskCosts& costs;
  Coverage& coverage;                                          ///< after the last observed round
  const std::optional<PeerNetwork>& peers;                     ///< only for exchanges among peers
  std::function<WidthSlice(std::size_t position)> next_slice;  ///< of a participant, in the next round
  const PublicCopies& copies;                                  ///< of gossip with updates
  RoundPlan plan;

  StepId push(Step step);
  StepId compute(const TrainTask& task, NodeId node, double flops, std::vector<StepId> after);
  StepId transfer(const TrainTask& task, NodeId from, NodeId to, double bytes, Cargo cargo, std::vector<StepId> after);
  StepId transfer(const TrainTask& task, NodeId from, NodeId to, MessageSize size, Cargo cargo,
                  std::vector<StepId> after);

  /// The task's training on its own device.
  StepId train(const TrainTask& task, std::vector<StepId> after);
};

struct Exchange {
  void (*add_steps)(PlanDraft&);
  /// Throws UserError where the fleet or the model does not suit the exchange; null: any does.
  void (*check)(const PlannerSetup&, TaskCosts&) = nullptr;
};

/// The exchange of each kind: the constant of that name in the file of that name.
const Exchange& exchange_of(ExchangeKind kind);

namespace exchanges {
/// Where all data goes when it is pooled: the server, or else the fastest device.
NodeId pooling_node(const Fleet& fleet);
}  // namespace exchanges

}  // namespace msfusion
