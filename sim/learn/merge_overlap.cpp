#include "sim/learn/overlap.hpp"
#include "sim/learn/server_state.hpp"

namespace msfusion {

namespace {

// HeteroFL, FedRolex, Federated Dropout: every element becomes the mean over those who trained it.
class ServerOverlap : public ServerState {
 public:
  using ServerState::ServerState;

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    OverlapSum sum(context_.full);
    for (const Trained* trained : arrivals.tasks)
      add_trained(context_, sum, SliceMap(context_.shape, context_.full, trained->slice), *trained);
    return sum.mean(global_);
  }
};

}  // namespace

std::unique_ptr<ModelState> make_server_overlap(const MergeContext& context) {
  return std::make_unique<ServerOverlap>(context);
}

}  // namespace msfusion
