// SCAFFOLD (arXiv 1910.06378): y -= eta (g - c_i + c); the variates travel with the model.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_scaffold() {
  Method method = make_fedavg();
  method.objective.kind = ObjectiveKind::control_variates;
  method.merge.kind = MergeKind::variates;
  method.merge.weights = MergeChoice::Weights::uniform;
  return method;
}

}  // namespace msfusion
