#include <algorithm>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"
#include "sim/learn/training/optimiser.hpp"

namespace msfusion {

namespace {

// FedNova (arXiv 2007.07481): w -= tau_eff sum_i p_i d_i with d_i = (w - w_i) / a_i; tau_eff = sum_i p_i a_i, or with a
// proximal term sum_i p_i steps_i. In double.
class Normalised : public ServerState {
 public:
  using ServerState::ServerState;

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const ObjectiveChoice& objective = context_.method.objective;
    const bool pulled = objective.kind == ObjectiveKind::proximal && objective.weight > 0;
    const double pull = pulled ? objective.weight * learning_rate(context_.training, arrivals.plan.round) : 0;
    double total = 0, effective = 0;
    for (const Trained* trained : arrivals.tasks) total += merge_weight(context_.method.merge, *trained);
    const at::Tensor current = global_.to(at::kDouble);
    at::Tensor direction = at::zeros_like(current);
    for (const Trained* trained : arrivals.tasks) {
      const std::int64_t steps = steps_of(arrivals.plan, trained->task);
      const double distance = carried_distance(steps, context_.training, pull);
      if (!(distance > 0)) continue;  // a device without samples has not moved
      const double share = merge_weight(context_.method.merge, *trained) / total;
      direction.add_(current - trained->values, share / distance);
      effective += share * (pulled ? static_cast<double>(steps) : distance);
    }
    return current - direction * effective;
  }

 private:
  static std::int64_t steps_of(const RoundPlan& plan, TaskId id) {
    return std::find_if(plan.tasks.begin(), plan.tasks.end(), [&](const TrainTask& task) { return task.id == id; })
        ->optimiser_steps;
  }
};

}  // namespace

std::unique_ptr<ModelState> make_normalised_merge(const MergeContext& context) {
  return std::make_unique<Normalised>(context);
}

}  // namespace msfusion
