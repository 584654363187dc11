#include "sim/learn/overlap.hpp"
#include "sim/learn/own_models.hpp"

namespace msfusion {

namespace {

// Everybody alone: the lower bound of every comparison.
class Alone : public OwnModels {
 public:
  using OwnModels::OwnModels;

  void merge(const Arrivals& arrivals) override {
    for (const Trained* trained : arrivals.tasks) {
      at::Tensor& own = own_[static_cast<std::size_t>(trained->device)];
      own = with_trained(context_, own, *trained);
    }
  }
};

}  // namespace

std::unique_ptr<ModelState> make_none(const MergeContext& context) {
  // All data on one node: there is one model, and the mean of one is itself.
  if (facts_of(context.method.exchange.kind).pools_data) return make_mean(context);
  return std::make_unique<Alone>(context);
}

}  // namespace msfusion
