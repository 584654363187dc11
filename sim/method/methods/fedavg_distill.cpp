// FedDF (arXiv 2006.07242): FedAvg, then the server distils the mean of the logits on unlabelled data.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedavg_distill() {
  Method method = averaging();
  method.merge.kind = MergeKind::distill;
  method.merge.distill_steps = 20;
  method.merge.open_samples = 1000;
  return {"fedavg-distill", "FedDF: the server distils the mean of the devices' predictions", "arXiv 2006.07242",
          method};
}

}  // namespace msfusion::methods
