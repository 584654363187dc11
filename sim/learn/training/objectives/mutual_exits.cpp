#include "sim/learn/training/objective.hpp"
#include "sim/learn/training/objectives/exit_losses.hpp"

namespace msfusion {

namespace {

// DepthFL: sum_i CE_i + lambda(t) / (d - 1) sum_i sum_{j != i} KL(softmax z_j || softmax z_i), where z_j is no part of
// the graph.
class MutualExits : public Objective {
 public:
  explicit MutualExits(const ObjectiveContext& context)
      : weight_(context.choice.weight * consistency_ramp(context.job.round, context.choice.ramp_rounds)) {}

  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    at::Tensor total = cross_entropy(output.exits.front(), batch.target);
    for (std::size_t i = 1; i < output.exits.size(); ++i) total = total + cross_entropy(output.exits[i], batch.target);
    if (output.exits.size() < 2 || weight_ == 0) return total;
    std::vector<at::Tensor> teachers;
    for (const at::Tensor& logits : output.exits) teachers.push_back(at::softmax(logit_rows(logits.detach()), 1));
    const double weight = weight_ / static_cast<double>(output.exits.size() - 1);
    for (std::size_t i = 0; i < output.exits.size(); ++i) {
      const at::Tensor student = at::log_softmax(logit_rows(output.exits[i]), 1);
      for (std::size_t j = 0; j < teachers.size(); ++j)
        if (j != i) total = total + weight * mean_divergence(teachers[j], student);
    }
    return total;
  }

 private:
  double weight_;
};

}  // namespace

std::unique_ptr<Objective> make_mutual_exits_objective(const ObjectiveContext& context) {
  return std::make_unique<MutualExits>(context);
}

}  // namespace msfusion
