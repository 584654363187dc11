#include "sim/learn/training/objective.hpp"
#include "sim/learn/training/objectives/exit_losses.hpp"

namespace msfusion {

namespace {

// ScaleFL: sum_j j (CE_j + lambda T^2 KL(softmax z_d / T || softmax z_j / T)) / sum_j j over the sub-model's d
// classifiers, where z_d is no part of the divergence's graph. lambda is 0 in the run's first rounds.
class TaughtExits : public Objective {
 public:
  explicit TaughtExits(const ObjectiveContext& context)
      : temperature_(context.choice.temperature),
        weight_(context.job.round < context.choice.distil_from * context.rounds ? 0 : context.choice.weight) {}

  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    const std::size_t exits = output.exits.size();
    if (exits < 2) return cross_entropy(output.exits.front(), batch.target);
    const at::Tensor teacher = at::softmax(logit_rows(output.exits.back().detach()) / temperature_, 1);
    const double all = static_cast<double>(exits * (exits + 1)) / 2;
    at::Tensor total;
    for (std::size_t j = 0; j < exits; ++j) {
      at::Tensor loss = cross_entropy(output.exits[j], batch.target);
      if (j + 1 < exits && weight_ > 0) {
        const at::Tensor student = at::log_softmax(logit_rows(output.exits[j]) / temperature_, 1);
        loss = loss + weight_ * temperature_ * temperature_ * mean_divergence(teacher, student);
      }
      const at::Tensor part = loss * (static_cast<double>(j + 1) / all);
      total = j == 0 ? part : total + part;
    }
    return total;
  }

 private:
  double temperature_, weight_;
};

}  // namespace

std::unique_ptr<Objective> make_taught_exits_objective(const ObjectiveContext& context) {
  return std::make_unique<TaughtExits>(context);
}

}  // namespace msfusion
