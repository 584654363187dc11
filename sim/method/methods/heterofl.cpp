// HeteroFL (arXiv 2010.01264): W(0, m) on every axis, scaler and masked loss as in its release.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_heterofl() {
  Method method;
  method.split.rule = SplitRule::fixed;
  method.split.rate.kind = RateChoice::Kind::automatic;
  method.objective.kind = ObjectiveKind::masked_cross_entropy;
  method.objective.scaler = true;
  method.exchange.kind = ExchangeKind::server;
  method.merge.kind = MergeKind::overlap_mean;
  method.merge.weights = MergeChoice::Weights::uniform;
  return method;
}

}  // namespace msfusion
