// FedDyn (arXiv 2111.04263): a regulariser that remembers where the device went, and a server that adds its mean. The
// released code divides alpha by n_k / mean n; here, as in the paper, it is the same for all devices.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry feddyn() {
  Method method = averaging();
  method.objective.kind = ObjectiveKind::dynamic;
  method.objective.weight = 0.01;
  method.merge.kind = MergeKind::dynamic;
  method.merge.weights = MergeChoice::Weights::uniform;
  return {"feddyn", "FedAvg with dynamic regularisation against client drift", "arXiv 2111.04263", method};
}

}  // namespace msfusion::methods
