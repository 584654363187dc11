// FedAvgM (arXiv 1909.06335): v = beta v + (w - mean); w -= v.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedavgm() {
  Method method = averaging();
  method.merge.kind = MergeKind::momentum;
  method.merge.beta1 = 0.9;
  return {"fedavgm", "FedAvg with momentum at the server", "arXiv 1909.06335", method};
}

}  // namespace msfusion::methods
