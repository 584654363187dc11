#include "sim/learn/training/objective.hpp"

namespace msfusion {

namespace {

class CrossEntropy : public Objective {
 public:
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }
};

}  // namespace

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& target) {
  return at::cross_entropy_loss(logits.dim() == 2 ? logits : logits.flatten(0, -2), target);
}

std::unique_ptr<Objective> make_cross_entropy_objective(const ObjectiveContext&) {
  return std::make_unique<CrossEntropy>();
}

}  // namespace msfusion
