#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// SCAFFOLD: x += eta (mean - x); c += sum over participants of (c_i+ - c_i) / N.
class Variates : public ServerState {
 public:
  explicit Variates(const MergeContext& context)
      : ServerState(context),
        server_(at::zeros_like(context.initial)),
        devices_(static_cast<std::size_t>(context.devices()), server_) {}

  void equip(TrainingJob& job) const override {
    job.variate_server = server_;
    job.variate_device = devices_[static_cast<std::size_t>(job.task.device)];
  }

  void save(StateWriter& out) const override {
    ServerState::save(out);
    out.tensor(server_);
    out.tensors(devices_);
  }
  void restore(StateReader& in) override {
    ServerState::restore(in);
    server_ = in.tensor(at::kFloat, context_.full.size());
    devices_ = in.tensors({devices_.size()}, at::kFloat, context_.full.size());
  }

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    at::Tensor change = at::zeros({context_.full.size()}, at::kDouble);
    for (const Trained* trained : arrivals.tasks) {
      if (!trained->variate_change.defined()) continue;
      at::Tensor wide = at::zeros_like(global_);
      scatter(SliceMap(context_.shape, context_.full, trained->slice), trained->variate_change, wide);
      at::Tensor& own = devices_[static_cast<std::size_t>(trained->device)];
      own = own + wide;
      change.add_(wide);
    }
    server_ = (server_.to(at::kDouble) + change / context_.devices()).to(at::kFloat);
    const at::Tensor mean = mean_of_arrivals(context_, arrivals, global_);
    const double rate = context_.method.merge.server_learning_rate;
    return rate == 1 ? mean : at::lerp(global_.to(at::kDouble), mean, rate);
  }

 private:
  at::Tensor server_;
  std::vector<at::Tensor> devices_;
};

}  // namespace

std::unique_ptr<ModelState> make_variates_merge(const MergeContext& context) {
  return std::make_unique<Variates>(context);
}

}  // namespace msfusion
