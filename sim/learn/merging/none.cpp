#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/merging/own_models.hpp"

namespace msfusion {

namespace {

// Every device alone: the lower bound of every comparison.
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

std::unique_ptr<ModelState> make_none_merge(const MergeContext& context) {
  // With all data on one node there is one model, which is its own mean.
  if (context.method.exchange.kind == ExchangeKind::central) return merge_maker(MergeKind::mean)(context);
  return std::make_unique<Alone>(context);
}

}  // namespace msfusion
