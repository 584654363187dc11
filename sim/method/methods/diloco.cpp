// DiLoCo (arXiv 2311.08105): many local steps with an optimiser that each device keeps for the whole run, then a
// Nesterov step with the mean change, d = mean (w - w_k), v = beta v + d, w -= eta (d + beta v). A round is what the
// paper calls an outer step; its schedule counts inner steps, ours rounds.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry diloco() {
  Method method = averaging();
  method.state = OptimiserState::keep;
  method.merge.kind = MergeKind::momentum;
  method.merge.weights = MergeChoice::Weights::uniform;
  method.merge.server_learning_rate = 0.7;
  method.merge.beta1 = 0.9;
  method.merge.nesterov = true;
  return {"diloco", "lasting local optimisers, and a Nesterov step with the mean change", "arXiv 2311.08105", method};
}

}  // namespace msfusion::methods
