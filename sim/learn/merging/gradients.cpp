#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"
#include "sim/learn/running/job_message.hpp"
#include "sim/learn/training/optimiser.hpp"

namespace msfusion {

namespace {

// Data-parallel training: a step of the training's own optimiser with the devices' mean gradient.
class Gradients : public ServerState {
 public:
  using ServerState::ServerState;

  void save(StateWriter& out) const override {
    ServerState::save(out);
    write(out, memory_);
  }
  void restore(StateReader& in) override {
    ServerState::restore(in);
    memory_ = read_optimiser(in, trained_size());
  }

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    std::vector<Weighted> gradients;
    for (const Trained* trained : arrivals.tasks)
      gradients.push_back({trained->variate_change, merge_weight(context_.method.merge, *trained)});
    at::Tensor gradient = weighted_mean(gradients).to(at::kFloat).narrow(0, 0, trained_size());
    at::Tensor model = global_.clone(), values = model.narrow(0, 0, trained_size());
    Optimiser optimiser(context_.training, learning_rate(context_.training, arrivals.plan.round));
    std::vector<at::Tensor> moments;  // a copy: those of a saved state are shared
    for (const at::Tensor& moment : memory_.moments) moments.push_back(moment.clone());
    optimiser.resume(moments, memory_.steps);
    optimiser.step(values, gradient);
    memory_ = {optimiser.moments(), optimiser.steps()};
    return model;
  }

 private:
  std::int64_t trained_size() const { return context_.full.trained_size(); }

  OptimiserMemory memory_;
};

}  // namespace

std::unique_ptr<ModelState> make_gradients_merge(const MergeContext& context) {
  return std::make_unique<Gradients>(context);
}

}  // namespace msfusion
