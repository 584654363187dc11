#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// FedAdam (Reddi et al. 2021): delta = mean - w; m and v as in Adam without bias correction; w += eta m / (sqrt(v) +
// tau).
class Adam : public ServerState {
 public:
  explicit Adam(const MergeContext& context)
      : ServerState(context),
        mean_(at::zeros({context.full.size()}, at::kDouble)),
        square_(at::zeros({context.full.size()}, at::kDouble)) {}

  void save(StateWriter& out) const override {
    ServerState::save(out);
    out.tensor(mean_);
    out.tensor(square_);
  }
  void restore(StateReader& in) override {
    ServerState::restore(in);
    mean_ = in.tensor(at::kDouble, context_.full.size());
    square_ = in.tensor(at::kDouble, context_.full.size());
  }

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const MergeChoice& choice = context_.method.merge;
    const at::Tensor current = global_.to(at::kDouble);
    const at::Tensor delta = mean_of_arrivals(context_, arrivals, global_) - current;
    mean_ = mean_ * choice.beta1 + delta * (1 - choice.beta1);
    square_ = square_ * choice.beta2 + delta * delta * (1 - choice.beta2);
    return current + choice.server_learning_rate * mean_ / (square_.sqrt() + choice.tau);
  }

 private:
  at::Tensor mean_, square_;
};

}  // namespace

std::unique_ptr<ModelState> make_adam_merge(const MergeContext& context) {
  return std::make_unique<Adam>(context);
}

}  // namespace msfusion
