// Federated Dropout (arXiv 1812.07210): a fresh random subset of units per device, axis and round.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_feddropout() {
  Method method;
  method.split.rule = SplitRule::random;
  method.split.rate.kind = RateChoice::Kind::automatic;
  method.objective.kind = ObjectiveKind::masked_cross_entropy;
  method.objective.scaler = true;
  method.exchange.kind = ExchangeKind::server;
  method.merge.kind = MergeKind::overlap_mean;
  method.merge.weights = MergeChoice::Weights::uniform;
  return method;
}

}  // namespace msfusion
