#include "sim/learn/training/objective.hpp"

namespace msfusion {

namespace {

// Data-parallel training: the result is the gradient of the batch, after clipping; the model stays as it was.
class Gradient : public Objective {
 public:
  explicit Gradient(const ObjectiveContext& context) : size_(context.start.numel()) {}
  at::Tensor loss(const Net::Output& output, const Batch& batch) override {
    return cross_entropy(output.logits, batch.target);
  }
  bool corrects_gradient() const override { return true; }
  double correct_gradient(at::Tensor& gradient, const at::Tensor&) override {
    gradient_ = gradient.clone();
    return 0;
  }
  void finish(Trained& trained, double) override {
    trained.values = trained.start;
    if (gradient_.defined() && gradient_.numel() == size_) {
      trained.variate_change = gradient_;
      return;
    }
    trained.variate_change = at::zeros({size_});
    if (gradient_.defined()) trained.variate_change.narrow(0, 0, gradient_.numel()).copy_(gradient_);
  }

 private:
  std::int64_t size_;
  at::Tensor gradient_;  // of what is trained, which comes first
};

}  // namespace

std::unique_ptr<Objective> make_gradient_objective(const ObjectiveContext& context) {
  return std::make_unique<Gradient>(context);
}

}  // namespace msfusion
