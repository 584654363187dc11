#include "sim/learn/overlap.hpp"
#include "sim/learn/server_state.hpp"

namespace msfusion {

namespace {

// FedAvg: w = sum_k (n_k / n) w_k.
class Mean : public ServerState {
 public:
  using ServerState::ServerState;

 protected:
  at::Tensor next(const Arrivals& arrivals) override { return mean_of_arrivals(context_, arrivals, global_); }
};

}  // namespace

std::unique_ptr<ModelState> make_mean(const MergeContext& context) {
  return std::make_unique<Mean>(context);
}

}  // namespace msfusion
