#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

Method averaging() {
  Method method;
  method.split.rule = SplitRule::full;
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.exchange.kind = ExchangeKind::server;
  method.merge.kind = MergeKind::mean;
  return method;
}

Method partial_training(SplitRule rule) {
  Method method = averaging();
  method.split.rule = rule;
  method.split.rate.kind = RateChoice::Kind::automatic;
  method.objective.kind = ObjectiveKind::masked_cross_entropy;
  method.objective.scaler = true;
  method.merge.kind = MergeKind::overlap_mean;
  method.merge.weights = MergeChoice::Weights::uniform;
  return method;
}

Method by_depth() {
  Method method = averaging();
  method.split.rule = SplitRule::fixed;
  method.split.depth = {0.25, 0.5, 0.75, 1};
  method.merge.kind = MergeKind::overlap_mean;
  method.merge.weights = MergeChoice::Weights::uniform;
  return method;
}

Method gossiping() {
  Method method = averaging();
  method.exchange.kind = ExchangeKind::peers;
  method.exchange.graph = PeerGraph::ring;
  method.merge.kind = MergeKind::gossip;
  return method;
}

Method asynchronous(int buffer) {
  Method method = averaging();
  method.exchange.kind = ExchangeKind::asynchronous;
  method.exchange.buffer = buffer;
  method.merge.kind = MergeKind::staleness;
  return method;
}

}  // namespace msfusion::methods
