#include "sim/learn/training/objective.hpp"

namespace msfusion {

namespace {

// SCAFFOLD: every step uses g - c_i + c; afterwards c_i+ = c_i - c + (x - y) / (K eta).
class ControlVariates : public Objective {
 public:
  explicit ControlVariates(const ObjectiveContext& context)
      : server_(gather(context.map, context.job.variate_server).to(context.start.device())),
        drift_(server_ - gather(context.map, context.job.variate_device).to(context.start.device())) {}
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }
  bool corrects_gradient() const override { return true; }
  double correct_gradient(at::Tensor& gradient, const at::Tensor&) override {
    gradient.add_(drift_.narrow(0, 0, gradient.numel()));  // what is trained comes first
    return 0;
  }
  void finish(Trained& trained, int steps, double learning_rate) override {
    trained.variate_change = steps > 0
                                 ? (trained.start - trained.values).div_(steps * learning_rate).sub_(server_.cpu())
                                 : at::zeros_like(trained.start);
  }

 private:
  at::Tensor server_;  // c
  at::Tensor drift_;   // c - c_i
};

}  // namespace

std::unique_ptr<Objective> make_control_variates_objective(const ObjectiveContext& context) {
  return std::make_unique<ControlVariates>(context);
}

}  // namespace msfusion
