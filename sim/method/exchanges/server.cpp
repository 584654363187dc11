// Model down, training, update up. Candidates get the model and tell their loss on it first; those that are chosen
// train when the server has heard of all that will answer.
#include <algorithm>
#include <map>

#include "sim/method/exchanges/exchange.hpp"

namespace msfusion::exchanges {

namespace {

constexpr double kLossBytes = 4;

double samples_asked(const PlanDraft& draft, NodeId device) {
  const std::int64_t held = draft.setup.samples_of(device);
  const bool is_batch = draft.setup.method.selection.candidate_loss == SelectionOptions::CandidateLoss::batch;
  return static_cast<double>(is_batch ? std::min<std::int64_t>(held, draft.setup.training.batch) : held);
}

void add_candidates(PlanDraft& draft) {
  const NodeId server = draft.setup.fleet.server_node();
  std::vector<StepId> reports;
  std::map<NodeId, StepId> report_of;
  for (const PlanDraft::Candidate& candidate : draft.candidates) {
    const auto task = std::find_if(draft.plan.tasks.begin(), draft.plan.tasks.end(),
                                   [&](const TrainTask& one) { return one.device == candidate.device; });
    const TaskId id = task == draft.plan.tasks.end() ? kNoTask : task->id;
    const MessageSize model = draft.costs.down(candidate.slice);
    const StepId down =
        draft.push({Transfer{server, candidate.device, model.bytes, Cargo::model, model.plain_bytes}, id, {}});
    const double flops = 2.0 * samples_asked(draft, candidate.device) *
                         static_cast<double>(draft.costs.cost_of(candidate.slice).forward_macs);
    const StepId loss = draft.push({Compute{candidate.device, flops}, id, {down}});
    reports.push_back(draft.push({Transfer{candidate.device, server, kLossBytes, Cargo::other}, id, {loss}}));
    report_of[candidate.device] = reports.back();
  }
  for (const TrainTask& task : draft.plan.tasks) {
    // The word to begin is not charged.
    const StepId begin = draft.transfer(task, server, task.device, 0, Cargo::other, reports);
    draft.plan.steps.back().starts_when_any_done = true;
    const StepId training = draft.train(task, {report_of.at(task.device), begin});
    draft.transfer(task, task.device, server, draft.costs.up(task), Cargo::trained, {training});
  }
}

void add_steps(PlanDraft& draft) {
  if (!draft.candidates.empty()) return add_candidates(draft);
  const NodeId server = draft.setup.fleet.server_node();
  const bool votes = facts_of(draft.setup.method.encoding.kind).votes;
  for (const TrainTask& task : draft.plan.tasks) {
    // Where devices vote, the decision has as many bits as a vote.
    const bool knows_rest = votes && draft.last_models.has(task, draft.plan.round);
    const MessageSize size = knows_rest ? draft.costs.up(task) : draft.costs.down(task);
    const StepId down = draft.transfer(task, server, task.device, size, Cargo::model, {});
    const StepId training = draft.train(task, {down});
    draft.transfer(task, task.device, server, draft.costs.up(task), Cargo::trained, {training});
  }
}

}  // namespace

extern const Exchange server{add_steps};

}  // namespace msfusion::exchanges
