// D-PSGD (arXiv 1705.09056): one local step, then x_i = sum_j W_ij x_j with Metropolis weights.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_dpsgd() {
  Method method;
  method.split.rule = SplitRule::full;
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.exchange.kind = ExchangeKind::peers;
  method.exchange.graph = PeerGraph::ring;
  method.exchange.one_step = true;
  method.merge.kind = MergeKind::gossip;
  return method;
}

}  // namespace msfusion
