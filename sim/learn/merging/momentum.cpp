#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// FedAvgM: v = beta v + (w - mean); w -= eta v. In double, so that beta = 0 is the mean itself.
class Momentum : public ServerState {
 public:
  explicit Momentum(const MergeContext& context)
      : ServerState(context), velocity_(at::zeros({context.full.size()}, at::kDouble)) {}

  void save(StateWriter& out) const override {
    ServerState::save(out);
    out.tensor(velocity_);
  }
  void restore(StateReader& in) override {
    ServerState::restore(in);
    velocity_ = in.tensor(at::kDouble, context_.full.size());
  }

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const MergeChoice& choice = context_.method.merge;
    const at::Tensor current = global_.to(at::kDouble);
    velocity_ = velocity_ * choice.beta1 + (current - mean_of_arrivals(context_, arrivals, global_));
    return current - velocity_ * choice.server_learning_rate;
  }

 private:
  at::Tensor velocity_;
};

}  // namespace

std::unique_ptr<ModelState> make_momentum_merge(const MergeContext& context) {
  return std::make_unique<Momentum>(context);
}

}  // namespace msfusion
