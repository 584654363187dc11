// FedAdam (arXiv 2003.00295): Adam without bias correction on the mean update.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedadam() {
  Method method = make_fedavg();
  method.merge.kind = MergeKind::adam;
  method.merge.server_learning_rate = 0.01;
  return method;
}

}  // namespace msfusion
