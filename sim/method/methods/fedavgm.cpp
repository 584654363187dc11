// FedAvgM (arXiv 1909.06335): v = beta v + (w - mean); w -= v.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedavgm() {
  Method method = make_fedavg();
  method.merge.kind = MergeKind::momentum;
  method.merge.beta1 = 0.9;
  return method;
}

}  // namespace msfusion
