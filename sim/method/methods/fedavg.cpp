// FedAvg (McMahan et al. 2017): w = sum_k (n_k / n) w_k.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedavg() {
  Method method;
  method.split.rule = SplitRule::full;
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.exchange.kind = ExchangeKind::server;
  method.merge.kind = MergeKind::mean;
  return method;
}

}  // namespace msfusion
