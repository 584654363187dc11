// FedDF (arXiv 2006.07242): FedAvg, then the server distils the mean of the logits on unlabelled data.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedavg_distill() {
  Method method = make_fedavg();
  method.merge.kind = MergeKind::distill;
  method.merge.distill_steps = 20;
  method.merge.open_samples = 1000;
  return method;
}

}  // namespace msfusion
