#include "sim/learn/objective.hpp"

namespace msfusion {

namespace {

// SCAFFOLD: every step uses g - c_i + c; afterwards c_i+ = c_i - c + (x - y) / (K eta).
class ControlVariates : public Objective {
 public:
  explicit ControlVariates(const ObjectiveContext& context)
      : start_(context.start),
        drift_(gather(context.map, context.job.variate_server) - gather(context.map, context.job.variate_device)),
        server_(gather(context.map, context.job.variate_server)) {}
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }
  double correct(at::Tensor& gradient, const at::Tensor&) override {
    gradient.add_(drift_);
    return 0;
  }
  void finish(Trained& trained, int steps, double learning_rate) override {
    trained.variate_change =
        steps > 0 ? (start_ - trained.values).div_(steps * learning_rate).sub_(server_) : at::zeros_like(start_);
  }

 private:
  const at::Tensor& start_;
  at::Tensor drift_;   // c - c_i
  at::Tensor server_;  // c
};

}  // namespace

std::unique_ptr<Objective> make_control_variates(const ObjectiveContext& context) {
  return std::make_unique<ControlVariates>(context);
}

}  // namespace msfusion
