#include "sim/learn/overlap.hpp"
#include "sim/learn/server_state.hpp"

namespace msfusion {

namespace {

// HeteroFL, FedRolex, Federated Dropout: every element becomes the unweighted mean over those who trained it.
class ServerOverlap : public ServerState {
 public:
  using ServerState::ServerState;

 protected:
  at::Tensor next(const Arrivals& arrivals) override {
    const bool masked = context_.method.objective.kind == ObjectiveKind::masked_cross_entropy;
    OverlapSum sum(context_.full);
    for (const Trained* trained : arrivals.tasks) {
      const SliceMap map(context_.shape, context_.full, trained->slice);
      if (masked)
        sum.add_masked(map, trained->values, 1, classifier_tensors(context_.shape), trained->classes);
      else
        sum.add(map, trained->values, 1);
    }
    return sum.mean(global_);
  }
};

}  // namespace

std::unique_ptr<ModelState> make_server_overlap(const MergeContext& context) {
  return std::make_unique<ServerOverlap>(context);
}

}  // namespace msfusion
