#include "sim/learn/merging/own_models.hpp"

namespace msfusion {

namespace {

// Every device alone: the lower bound of every comparison.
class Alone : public OwnModels {
 public:
  using OwnModels::OwnModels;

  void merge(const Arrivals& arrivals) override { keep_results(arrivals); }
};

}  // namespace

std::unique_ptr<ModelState> make_none_merge(const MergeContext& context) {
  // With all data on one node there is one model, which is its own mean.
  if (facts_of(context.method.exchange.kind).pools_data) return merge_maker(MergeKind::mean)(context);
  return std::make_unique<Alone>(context);
}

}  // namespace msfusion
