// Training, then to the neighbours in the peer graph: the parts of sub-models that they need next, or whole models.
#include <algorithm>

#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

MessageSize floats(std::int64_t elements) {
  const double bytes = kFloatBytes * static_cast<double>(elements);
  return {bytes, bytes};
}

// Elements of several rounds: 8 bits are those of one round's range, so they go as floats.
MessageSize size_of_stale(std::int64_t elements, const EncodingOptions& encoding) {
  MessageSize size = floats(elements);
  if (facts_of(encoding.kind).takes_vectors)
    size.bytes = static_cast<double>(encoded_bytes(encoding, {elements, 1, true}));
  return size;
}

// A neighbour that missed a message gets the whole public copy instead of an update to it.
MessageSize size_of(PlanDraft& draft, const TrainTask& task, NodeId neighbour) {
  MessageSize size = draft.costs.up(task.slice);
  if (draft.copies.is_outdated(task.device, neighbour)) size.bytes = size.plain_bytes;
  return size;
}

// Gossip: the whole model to every neighbour that takes part.
void add_gossip_steps(PlanDraft& draft) {
  std::vector<bool> takes_part(static_cast<std::size_t>(draft.setup.fleet.size()), false);
  for (const TrainTask& task : draft.plan.tasks) takes_part[static_cast<std::size_t>(task.device)] = true;
  for (const TrainTask& task : draft.plan.tasks) {
    const StepId training = draft.train(task, {});
    for (NodeId neighbour : draft.peers->neighbours[static_cast<std::size_t>(task.device)])
      if (takes_part[static_cast<std::size_t>(neighbour)])
        draft.transfer(task, task.device, neighbour, size_of(draft, task, neighbour), Cargo::trained, {training});
  }
}

// Elements that a device needs next round and nobody trains in this one come from every device that trained them last:
// each of those has its own values only, and the receiver takes their mean.
void add_stale_steps(PlanDraft& draft, const std::vector<StepId>& training) {
  const std::vector<TrainTask>& tasks = draft.plan.tasks;
  std::vector<const WidthSlice*> trained;
  for (const TrainTask& task : tasks) trained.push_back(&task.slice);
  const auto stale = draft.coverage.stale_parameters(draft.plan.next_slices, trained);
  for (std::size_t to = 0; to < tasks.size(); ++to) {
    for (const auto& [holder, elements] : stale[to]) {
      const auto sender =
          std::find_if(tasks.begin(), tasks.end(), [h = holder](const TrainTask& task) { return task.device == h; });
      if (sender == tasks.end() || sender->device == tasks[to].device) continue;
      draft.transfer(*sender, sender->device, tasks[to].device, size_of_stale(elements, draft.setup.method.encoding),
                     Cargo::stale, {training[static_cast<std::size_t>(sender - tasks.begin())]});
    }
  }
}

// Peer m sends peer n exactly W_m(t) ∩ W_n(t+1). With peers as negatives of the contrastive loss, neighbours send their
// whole sub-models.
void add_slice_steps(PlanDraft& draft) {
  RoundPlan& plan = draft.plan;
  const ObjectiveChoice& objective = draft.setup.method.objective;
  const bool whole =
      facts_of(objective.kind).contrasts() && objective.negatives != ObjectiveChoice::Negatives::previous;
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) plan.next_slices.push_back(draft.next_slice(i));
  std::vector<StepId> training;
  for (const TrainTask& task : plan.tasks) training.push_back(draft.train(task, {}));
  const auto connected = [&](NodeId a, NodeId b) {
    const auto& neighbours = draft.peers->neighbours[static_cast<std::size_t>(a)];
    return std::binary_search(neighbours.begin(), neighbours.end(), b);
  };
  for (std::size_t from = 0; from < plan.tasks.size(); ++from) {
    const TrainTask& sender = plan.tasks[from];
    for (std::size_t to = 0; to < plan.tasks.size(); ++to) {
      const TrainTask& receiver = plan.tasks[to];
      if (from == to || !connected(sender.device, receiver.device)) continue;
      const std::int64_t elements = whole ? draft.costs.cost_of(sender.slice).trained_parameters()
                                          : shared_parameters(draft.setup.shape, sender.slice, plan.next_slices[to]);
      MessageSize size = floats(elements);
      const EncodingOptions& encoding = draft.setup.method.encoding;
      size.bytes = whole ? draft.costs.up(sender.slice).bytes
                         : static_cast<double>(
                               shared_message_bytes(encoding, draft.setup.shape, sender.slice, plan.next_slices[to]));
      if (elements > 0) draft.transfer(sender, sender.device, receiver.device, size, Cargo::trained, {training[from]});
    }
  }
  // In other graphs an element that no neighbour trained keeps the value held.
  if (facts_of(draft.setup.method.exchange.graph).joins_all) add_stale_steps(draft, training);
}

void add_steps(PlanDraft& draft) {
  if (facts_of(draft.setup.method.merge.kind).takes_slices)
    add_slice_steps(draft);
  else
    add_gossip_steps(draft);
}

}  // namespace

extern const Exchange peers{add_steps};

}  // namespace msfusion::exchanges
