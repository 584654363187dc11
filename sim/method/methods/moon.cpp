// MOON (arXiv 2103.16257): FedAvg with a loss that pulls representations towards the global model's.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_moon() {
  Method method = make_fedavg();
  method.objective.kind = ObjectiveKind::model_contrastive;
  method.objective.weight = 1;
  method.objective.temperature = 0.5;
  return method;
}

}  // namespace msfusion
