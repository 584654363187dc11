#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// Asynchronous DiLoCo (arXiv 2401.09135), c = 0: d is what an arrival changed since its start. w -= eta d / N; with the
// N-th of them v = beta v + mean of the N and w -= eta (beta v + d / N). In double.
class DelayedNesterov : public ServerState {
 public:
  explicit DelayedNesterov(const MergeContext& context) : ServerState(context), velocity_(zeros()), sum_(zeros()) {}

  void save(StateWriter& out) const override {
    ServerState::save(out);
    out.tensor(velocity_);
    out.tensor(sum_);
    out.number(arrived_);
  }
  void restore(StateReader& in) override {
    ServerState::restore(in);
    velocity_ = in.tensor(at::kDouble, context_.full.size());
    sum_ = in.tensor(at::kDouble, context_.full.size());
    arrived_ = in.number(0, context_.method.merge.momentum_every - 1);
  }

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const MergeChoice& choice = context_.method.merge;
    const auto every = static_cast<double>(choice.momentum_every);
    at::Tensor model = global_.to(at::kDouble);
    sum_ = sum_.clone();
    for (const Trained* trained : arrivals.tasks) {
      const at::Tensor change = trained->start.to(at::kDouble) - trained->values;
      sum_.add_(change);
      model.sub_(change, choice.server_learning_rate / every);
      if (++arrived_ < choice.momentum_every) continue;
      velocity_ = velocity_ * choice.beta1 + sum_ / every;
      model.sub_(velocity_, choice.server_learning_rate * choice.beta1);
      sum_ = zeros();
      arrived_ = 0;
    }
    return model;
  }

 private:
  at::Tensor zeros() const { return at::zeros({context_.full.size()}, at::kDouble); }

  at::Tensor velocity_, sum_;  // sum_: of the changes since the last momentum step
  std::int64_t arrived_ = 0;   // since then
};

}  // namespace

std::unique_ptr<ModelState> make_delayed_nesterov_merge(const MergeContext& context) {
  return std::make_unique<DelayedNesterov>(context);
}

}  // namespace msfusion
