// FedProx (arXiv 1812.06127): FedAvg with + mu/2 |w - w_g|^2 in the local loss.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedprox() {
  Method method = make_fedavg();
  method.objective.kind = ObjectiveKind::proximal;
  method.objective.weight = 0.01;
  return method;
}

}  // namespace msfusion
