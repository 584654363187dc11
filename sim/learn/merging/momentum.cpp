#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// FedAvgM: d = w - mean; v = beta v + d; w -= eta v, or with a look ahead (DiLoCo) w -= eta (d + beta v). In double, so
// that beta = 0 is the mean itself.
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
    const at::Tensor change = current - mean_of_arrivals(context_, arrivals, global_);
    velocity_ = velocity_ * choice.beta1 + change;
    return current - (choice.nesterov ? change + velocity_ * choice.beta1 : velocity_) * choice.server_learning_rate;
  }

 private:
  at::Tensor velocity_;
};

}  // namespace

std::unique_ptr<ModelState> make_momentum_merge(const MergeContext& context) {
  return std::make_unique<Momentum>(context);
}

}  // namespace msfusion
