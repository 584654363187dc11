// FedProx (arXiv 1812.06127): FedAvg with + mu/2 |w - w_g|^2 in the local loss.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedprox() {
  Method method = averaging();
  method.objective.kind = ObjectiveKind::proximal;
  method.objective.weight = 0.01;
  return {"fedprox", "FedAvg with a proximal term", "arXiv 1812.06127", method};
}

}  // namespace msfusion::methods
