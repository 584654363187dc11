// FedAdam (arXiv 2003.00295): Adam without bias correction on the mean update.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedadam() {
  Method method = averaging();
  method.merge.kind = MergeKind::adam;
  method.merge.server_learning_rate = 0.01;
  return {"fedadam", "FedAvg with Adam at the server", "arXiv 2003.00295", method};
}

}  // namespace msfusion::methods
