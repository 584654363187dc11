#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/peer_overlap.hpp"
#include "sim/learn/merging/server_state.hpp"

namespace msfusion {

namespace {

// HeteroFL, FedRolex, Federated Dropout: every element becomes the mean over the devices that trained it.
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

std::unique_ptr<ModelState> make_overlap_mean_merge(const MergeContext& context) {
  if (facts_of(context.method.exchange.kind).among_peers) return make_peer_overlap(context);
  return std::make_unique<ServerOverlap>(context);
}

}  // namespace msfusion
