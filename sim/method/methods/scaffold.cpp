// SCAFFOLD (arXiv 1910.06378): y -= eta (g - c_i + c); the variates travel with the model.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry scaffold() {
  Method method = averaging();
  method.objective.kind = ObjectiveKind::control_variates;
  method.merge.kind = MergeKind::variates;
  method.merge.weights = MergeChoice::Weights::uniform;
  return {"scaffold", "FedAvg with control variates against client drift", "arXiv 1910.06378", method};
}

}  // namespace msfusion::methods
