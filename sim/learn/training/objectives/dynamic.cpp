#include "sim/learn/training/objective.hpp"

namespace msfusion {

namespace {

// FedDyn: + alpha <w, h_k> + alpha / 2 |w - w_start|^2, whose gradient is alpha (h_k + w - w_start).
class Dynamic : public Objective {
 public:
  explicit Dynamic(const ObjectiveContext& context)
      : weight_(context.choice.weight),
        start_(context.start),
        state_(gather(context.map, context.job.variate_device).to(context.start.device())) {}
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }
  bool corrects_gradient() const override { return true; }
  double correct_gradient(at::Tensor& gradient, const at::Tensor& values) override {
    const std::int64_t trained = values.numel();  // which comes first
    const at::Tensor away = values - start_.narrow(0, 0, trained), state = state_.narrow(0, 0, trained);
    gradient.add_(away, weight_).add_(state, weight_);
    return weight_ * (state.dot(values).item<double>() + away.dot(away).item<double>() / 2);
  }

 private:
  double weight_;
  const at::Tensor& start_;
  at::Tensor state_;  // h_k
};

}  // namespace

std::unique_ptr<Objective> make_dynamic_objective(const ObjectiveContext& context) {
  return std::make_unique<Dynamic>(context);
}

}  // namespace msfusion
