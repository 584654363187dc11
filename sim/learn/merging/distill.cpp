#include "sim/learn/merging/distillation.hpp"
#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// FedDF: the server distils the mean of the devices' logits on open data, as a softmax, into FedAvg's mean.
class Distill : public ServerState {
 public:
  explicit Distill(const MergeContext& context) : ServerState(context), open_(open_samples(context)) {}

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const at::Tensor mean = mean_of_arrivals(context_, arrivals, global_).to(at::kFloat);
    std::vector<std::future<at::Tensor>> predictions;
    for (const Trained* trained : arrivals.tasks)
      predictions.push_back(context_.pool.submit(Urgency::merging, 1, [this, trained] {
        return predict(context_, with_trained(context_, global_, *trained), open_);
      }));
    at::Tensor sum;
    for (auto& prediction : predictions) prediction.wait();
    for (auto& prediction : predictions) {
      const at::Tensor logits = prediction.get().to(at::kDouble);
      sum = sum.defined() ? sum + logits : logits;
    }
    const at::Tensor targets = at::softmax(sum / static_cast<double>(arrivals.tasks.size()), -1).to(at::kFloat);
    return context_.pool
        .submit(Urgency::merging, 1,
                [&] {
                  return distil(context_, mean, open_, targets, context_.method.merge.distill_steps, 0,
                                arrivals.plan.round);
                })
        .get();
  }

 private:
  std::vector<std::int32_t> open_;
};

}  // namespace

std::unique_ptr<ModelState> make_distill_merge(const MergeContext& context) {
  return std::make_unique<Distill>(context);
}

}  // namespace msfusion
