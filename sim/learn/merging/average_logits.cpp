#include "sim/learn/merging/distillation.hpp"
#include "sim/learn/merging/own_models.hpp"

namespace msfusion {

namespace {

// DS-FL: devices send their softmaxes on open data; the server sharpens their mean, softmax(mean / T), and the devices
// that took part and the server's own model are trained on it.
class AverageLogits : public OwnModels {
 public:
  explicit AverageLogits(const MergeContext& context)
      : OwnModels(context), server_(context.initial), open_(open_samples(context)) {}

  at::Tensor global() const override { return server_; }
  const char* what_is_global() const override { return "the server's model, distilled from the devices' predictions"; }
  std::optional<double> disagreement() const override { return std::nullopt; }

  void merge(const Arrivals& arrivals) override {
    keep_results(arrivals);
    const at::Tensor targets = sharpened_mean(arrivals);
    if (!targets.defined()) return;
    const MergeChoice& choice = context_.method.merge;
    const auto learn = [&](const at::Tensor& model, NodeId node) {
      return context_.pool.submit(Urgency::merging, 1, [this, &targets, &choice, &arrivals, model, node] {
        return distil(context_, model, open_, targets, choice.distill_steps, node, arrivals.plan.round);
      });
    };
    std::vector<std::future<at::Tensor>> learned;
    for (const Trained* trained : arrivals.tasks) learned.push_back(learn(of(trained->device), trained->device));
    learned.push_back(learn(server_, context_.devices()));
    for (auto& model : learned) model.wait();
    for (std::size_t i = 0; i < arrivals.tasks.size(); ++i)
      own_[static_cast<std::size_t>(arrivals.tasks[i]->device)] = learned[i].get();
    server_ = learned.back().get();
  }

  void save(StateWriter& out) const override {
    OwnModels::save(out);
    out.tensor(server_);
  }
  void restore(StateReader& in) override {
    OwnModels::restore(in);
    server_ = in.tensor(at::kFloat, context_.full.size());
  }

 private:
  at::Tensor sharpened_mean(const Arrivals& arrivals) const {
    std::vector<std::future<at::Tensor>> predictions;
    for (const Trained* trained : arrivals.tasks) {
      if (!arrivals.was_sent(*trained)) continue;
      predictions.push_back(context_.pool.submit(Urgency::merging, 1, [this, device = trained->device] {
        return at::softmax(predict(context_, of(device), open_), -1);
      }));
    }
    for (auto& prediction : predictions) prediction.wait();
    at::Tensor sum;
    for (auto& prediction : predictions) {
      const at::Tensor softmax = prediction.get().to(at::kDouble);
      sum = sum.defined() ? sum + softmax : softmax;
    }
    if (!sum.defined()) return sum;
    const double temperature = static_cast<double>(predictions.size()) * context_.method.merge.sharpen;
    return at::softmax(sum / temperature, -1).to(at::kFloat);
  }

  at::Tensor server_;
  std::vector<std::int32_t> open_;
};

}  // namespace

std::unique_ptr<ModelState> make_average_logits_merge(const MergeContext& context) {
  return std::make_unique<AverageLogits>(context);
}

}  // namespace msfusion
