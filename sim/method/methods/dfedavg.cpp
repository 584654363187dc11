// DFedAvg (arXiv 2104.11375): local epochs, then x_i = sum_j W_ij x_j with Metropolis weights.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_dfedavg() {
  Method method;
  method.split.rule = SplitRule::full;
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.exchange.kind = ExchangeKind::peers;
  method.exchange.graph = PeerGraph::ring;
  method.merge.kind = MergeKind::gossip;
  return method;
}

}  // namespace msfusion
