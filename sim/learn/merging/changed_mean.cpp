#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// FIARSE (arXiv 2407.19389): every element moves by the mean move over the devices that changed it. In double.
class ChangedMean : public ServerState {
 public:
  using ServerState::ServerState;

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const at::Tensor current = global_.to(at::kDouble);
    at::Tensor moves = at::zeros_like(current), devices = at::zeros_like(current);
    for (const Trained* trained : arrivals.tasks) {
      const at::Tensor move = trained->values.to(at::kDouble) - trained->start.to(at::kDouble);
      moves.add_(move);
      devices.add_(move.ne(0));
    }
    return current + moves / devices.clamp_min(1);
  }
};

}  // namespace

std::unique_ptr<ModelState> make_changed_mean_merge(const MergeContext& context) {
  return std::make_unique<ChangedMean>(context);
}

}  // namespace msfusion
