// FedRolex (arXiv 2212.01548): a window that moves by one unit a round, the same for all devices of a rate.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedrolex() {
  Method method;
  method.split.rule = SplitRule::rolling;
  method.split.rate.kind = RateChoice::Kind::automatic;
  method.split.direction = SplitChoice::Direction::down;
  method.objective.kind = ObjectiveKind::masked_cross_entropy;
  method.objective.scaler = true;
  method.exchange.kind = ExchangeKind::server;
  method.merge.kind = MergeKind::overlap_mean;
  method.merge.weights = MergeChoice::Weights::uniform;
  return method;
}

}  // namespace msfusion
