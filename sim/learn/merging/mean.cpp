#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

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

std::unique_ptr<ModelState> make_mean_merge(const MergeContext& context) {
  return std::make_unique<Mean>(context);
}

}  // namespace msfusion
