#include "sim/learn/training/objective.hpp"

namespace msfusion {

namespace {

// SCAFFOLD: every step uses g - c_i + c; afterwards c_i+ = c_i - c + (x - y) / (K eta), for K steps of plain SGD. With
// momentum K steps carry further, and K becomes that distance (FedNova's a_i): c_i stays a mean gradient. Divided by K
// alone, it would be up to 1 / (1 - momentum) times as large, and go through the momentum once more.
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
  void finish(Trained& trained, double distance) override {
    trained.variate_change = distance > 0 ? (trained.start - trained.values).div_(distance).sub_(server_.cpu())
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
