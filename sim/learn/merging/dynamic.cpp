#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// FedDyn (arXiv 2111.04263): h_k += w_k - w of every device that arrived; then w = mean of their w_k + sum of all h_k /
// N. The devices start from w, which overshoots; the mean alone is what the method would deploy.
class Dynamic : public ServerState {
 public:
  explicit Dynamic(const MergeContext& context)
      : ServerState(context),
        deployed_(context.initial),
        devices_(static_cast<std::size_t>(context.devices()), at::zeros_like(context.initial)),
        sum_(at::zeros({context.full.size()}, at::kDouble)) {}

  at::Tensor global() const override { return deployed_; }
  const char* what_is_global() const override { return "the server's model, without its correction"; }

  void equip(TrainingJob& job) const override {
    job.variate_device = devices_[static_cast<std::size_t>(job.task.device)];
  }

  void save(StateWriter& out) const override {
    ServerState::save(out);
    out.tensor(deployed_);
    out.tensors(devices_);
    out.tensor(sum_);
  }
  void restore(StateReader& in) override {
    ServerState::restore(in);
    deployed_ = in.tensor(at::kFloat, context_.full.size());
    devices_ = in.tensors({devices_.size()}, at::kFloat, context_.full.size());
    sum_ = in.tensor(at::kDouble, context_.full.size());
  }

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    sum_ = sum_.clone();
    for (const Trained* trained : arrivals.tasks) {
      const at::Tensor change = trained->values - trained->start;
      at::Tensor& own = devices_[static_cast<std::size_t>(trained->device)];
      own = own + change;
      sum_.add_(change);
    }
    const at::Tensor mean = mean_of_arrivals(context_, arrivals, global_);
    deployed_ = mean.to(at::kFloat);
    return mean + sum_ / context_.devices();
  }

 private:
  at::Tensor deployed_;
  std::vector<at::Tensor> devices_;  // h_k
  at::Tensor sum_;                   // of all h_k
};

}  // namespace

std::unique_ptr<ModelState> make_dynamic_merge(const MergeContext& context) {
  return std::make_unique<Dynamic>(context);
}

}  // namespace msfusion
