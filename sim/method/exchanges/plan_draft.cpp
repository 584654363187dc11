#include "sim/method/exchanges/exchange.hpp"

namespace msfusion {

StepId PlanDraft::push(Step step) {
  plan.steps.push_back(std::move(step));
  return static_cast<StepId>(plan.steps.size()) - 1;
}

StepId PlanDraft::compute(const TrainTask& task, NodeId node, double flops, std::vector<StepId> after) {
  return push({Compute{node, flops}, task.id, std::move(after)});
}

StepId PlanDraft::transfer(const TrainTask& task, NodeId from, NodeId to, double bytes, Cargo cargo,
                           std::vector<StepId> after) {
  return push({Transfer{from, to, bytes, cargo}, task.id, std::move(after)});
}

StepId PlanDraft::transfer(const TrainTask& task, NodeId from, NodeId to, MessageSize size, Cargo cargo,
                           std::vector<StepId> after) {
  return push({Transfer{from, to, size.bytes, cargo, size.plain_bytes}, task.id, std::move(after)});
}

StepId PlanDraft::train(const TrainTask& task, std::vector<StepId> after) {
  return compute(task, task.device, costs.work_flops(task, task.device), std::move(after));
}

}  // namespace msfusion
