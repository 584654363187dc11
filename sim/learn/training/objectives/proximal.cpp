#include "sim/learn/training/objective.hpp"

namespace msfusion {

namespace {

// FedProx: + mu / 2 |w - w_start|^2, whose gradient is mu (w - w_start). Ditto pulls to another model than the start.
class Proximal : public Objective {
 public:
  explicit Proximal(const ObjectiveContext& context)
      : weight_(context.choice.weight),
        start_(context.job.anchor.defined() ? context.job.anchor.to(context.start.device()) : context.start) {}
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }
  bool corrects_gradient() const override { return true; }
  double correct_gradient(at::Tensor& gradient, const at::Tensor& values) override {
    const at::Tensor away = values - start_.narrow(0, 0, values.numel());  // what is trained comes first
    gradient.add_(away, weight_);
    return weight_ / 2 * away.dot(away).item<double>();
  }

 private:
  double weight_;
  const at::Tensor start_;
};

}  // namespace

std::unique_ptr<Objective> make_proximal_objective(const ObjectiveContext& context) {
  return std::make_unique<Proximal>(context);
}

}  // namespace msfusion
