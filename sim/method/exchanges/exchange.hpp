// Exchanges: each adds its transfers, and the computing they wait for, to a plan's tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "sim/method/last_models.hpp"
#include "sim/method/model_holders.hpp"
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
  const ModelHolders& holders;                                 ///< of an all-reduce
  const LastModels& last_models;                               ///< of devices that vote
  RoundPlan plan;
  struct Candidate {
    NodeId device;
    WidthSlice slice;
  };
  std::vector<Candidate> candidates;  ///< tell their loss before some of them train

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
/// An all-reduce of so many floats among the devices of the plan's tasks, in their order, by a ring or a tree as the
/// method says: task i takes part once the steps `ready[i]` are done.
/// Ring: the floats are cut into as many chunks as there are devices; each chunk goes around once while it is summed,
/// and once more as the sum: 2 (K - 1) / K of all bytes leave each of K devices. Tree (binary, the first device is the
/// root): sums go up from children to parents, and the whole sum down.
void add_all_reduce(PlanDraft& draft, std::int64_t floats, const std::vector<std::vector<StepId>>& ready);

/// Sends the current model to devices of the plan that lack it, each from one that has it: per task the steps that its
/// training waits for. Where nobody has it, the plan becomes one without tasks.
std::vector<std::vector<StepId>> add_catching_up(PlanDraft& draft);

/// Where all data goes when it is pooled: the server, or else the fastest device.
NodeId pooling_node(const Fleet& fleet);
}  // namespace exchanges

}  // namespace msfusion
