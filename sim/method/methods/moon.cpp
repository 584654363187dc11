// MOON (arXiv 2103.16257): FedAvg with a loss that pulls representations towards the global model's.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry moon() {
  Method method = averaging();
  method.objective.kind = ObjectiveKind::model_contrastive;
  method.objective.weight = 1;
  method.objective.temperature = 0.5;
  return {"moon", "FedAvg with a model-contrastive loss", "arXiv 2103.16257", method};
}

}  // namespace msfusion::methods
