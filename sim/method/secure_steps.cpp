#include "sim/method/secure_steps.hpp"

#include <fmt/format.h>

#include "sim/privacy/secure_aggregation.hpp"

namespace msfusion {

namespace {

using Tasks = std::vector<const TrainTask*>;

// Sums are formed of equal index sets: in the order of their first devices.
std::vector<Tasks> groups_of(const RoundPlan& plan) {
  std::vector<Tasks> groups;
  for (const TrainTask& task : plan.tasks) {
    auto group = groups.begin();
    while (group != groups.end() && !(group->front()->slice == task.slice)) ++group;
    if (group == groups.end()) group = groups.insert(group, Tasks());
    group->push_back(&task);
  }
  return groups;
}

class GroupSteps {
 public:
  GroupSteps(PlanDraft& draft, const Tasks& tasks)
      : draft_(draft),
        server_(draft.setup.fleet.server_node()),
        tasks_(tasks),
        up_(draft.costs.up(tasks.front()->slice)),
        group_(*draft.setup.method.privacy.secure(), static_cast<int>(tasks.size()), up_.bytes / kFloatBytes) {}

  SecureSum add() {
    std::vector<StepId> keys, models, shares, answers;
    for (const TrainTask* task : tasks_) {
      keys.push_back(send_up(*task, group_.keys_up(), Cargo::other, {}));
      models.push_back(draft_.transfer(*task, server_, task->device, draft_.costs.down(task->slice), Cargo::model, {}));
    }
    const StepId all_keys = wait_for(keys);
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      const StepId others = send_down(*tasks_[i], group_.keys_down(), {all_keys, keys[i]});
      const StepId agreed = work(*tasks_[i], group_.agreeing_seconds(), {others});
      shares.push_back(send_up(*tasks_[i], group_.shares_up(), Cargo::other, {agreed}));
    }
    const StepId all_shares = wait_for(shares);
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      const TrainTask& task = *tasks_[i];
      const StepId others = send_down(task, group_.shares_down(), {all_shares, shares[i]});
      const StepId trained = draft_.train(task, {models[i], others});
      const StepId masked = work(task, group_.masking_seconds(), {trained});
      sum_.masked.push_back(send_up(task, group_.masked_up(), Cargo::trained, {masked}));
    }
    const StepId all_masked = wait_for(sum_.masked);
    for (std::size_t i = 0; i < tasks_.size(); ++i)
      sum_.answers.push_back(send_up(*tasks_[i], group_.answer_up(), Cargo::other, {all_masked, sum_.masked[i]}));
    sum_.unmasking = at_server(group_.unmasking_seconds(), sum_.answers);
    sum_.flops_for_missing = group_.more_seconds_for_missing() * server_speed();
    sum_.needed = group_.needed();
    sum_.plain_bytes = up_.plain_bytes;
    return std::move(sum_);
  }

 private:
  double server_speed() const { return draft_.setup.fleet.node(server_).speed_flops; }

  StepId send_up(const TrainTask& task, double bytes, Cargo cargo, std::vector<StepId> after) {
    const double plain = cargo == Cargo::trained ? up_.plain_bytes : 0;
    sum_.messages.push_back(draft_.transfer(task, task.device, server_, {bytes, plain}, cargo, std::move(after)));
    return sum_.messages.back();
  }
  StepId send_down(const TrainTask& task, double bytes, std::vector<StepId> after) {
    sum_.messages.push_back(draft_.transfer(task, server_, task.device, bytes, Cargo::other, std::move(after)));
    return sum_.messages.back();
  }
  // The seconds hold for every node.
  StepId work(const TrainTask& task, double seconds, std::vector<StepId> after) {
    const double flops = seconds * draft_.setup.fleet.node(task.device).speed_flops;
    sum_.computing.push_back(draft_.compute(task, task.device, flops, std::move(after)));
    return sum_.computing.back();
  }
  StepId at_server(double seconds, std::vector<StepId> after) {
    Step step{Compute{server_, seconds * server_speed()}, kNoTask, std::move(after)};
    step.starts_when_any_done = true;
    return draft_.push(std::move(step));
  }
  StepId wait_for(std::vector<StepId> messages) { return at_server(0, std::move(messages)); }

  PlanDraft& draft_;
  const NodeId server_;
  const Tasks& tasks_;
  const MessageSize up_;
  const SecureGroup group_;
  SecureSum sum_;
};

}  // namespace

std::pair<std::string, std::string> secure_contradiction(const Method& method) {
  if (!method.privacy.secure()) return {};
  const MergeRow& merge = facts_of(method.merge.kind);
  const auto refused = [](std::string what, const char* why) {
    return "secure aggregation " + std::move(what) + ": " + why;
  };
  if (method.exchange.kind != ExchangeKind::server)
    return {refused(fmt::format("where the exchange is \"{}\"", name_of(kExchanges, method.exchange.kind)),
                    "it hides updates in the sum of one server that waits for them"),
            "exchange=\"server\""};
  if (merge.distils)
    return {refused(fmt::format("with merge=\"{}\"", merge.name), "the server needs every device's own model"),
            "a merge that needs only the sum of the updates"};
  if (method.split.rule == SplitRule::random)
    return {refused("with split-rule=\"random\"",
                    "every device has units of its own, and the sum of one device is its update"),
            "a split rule in which devices have the same units"};
  if (method.importance.is_on())
    return {refused("with kept-weights", "devices have weights of their own, whose places would be no secret"),
            "a method whose devices have the same weights"};
  if (method.encoding.kind != EncodingKind::none && method.encoding.kind != EncodingKind::randomk)
    return {refused(fmt::format("with encoding=\"{}\"", name_of(kEncodings, method.encoding.kind)),
                    "masks add up only on one grid of levels and positions that all devices share"),
            "encoding=\"none\" or \"randomk\""};
  return {};
}

void check_secure(const PlannerSetup& setup) {
  if (setup.constraints.close == ConstraintOptions::Close::quorum)
    refuse(setup, "secure aggregation with close=\"quorum\": the server waits for every masked update or its loss",
           "close=\"all\" or \"deadline\"");
}

void add_secure_steps(PlanDraft& draft) {
  for (const Tasks& group : groups_of(draft.plan)) draft.plan.secure_sums.push_back(GroupSteps(draft, group).add());
}

}  // namespace msfusion
