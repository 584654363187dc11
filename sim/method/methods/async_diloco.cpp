// Asynchronous DiLoCo (arXiv 2401.09135): the server takes each device's change d at once, w -= eta d / N, and with
// every N-th a delayed Nesterov step, v = beta v + mean of the N, w -= eta (beta v + d / N) (the paper's c = 0). Each
// device trains the scenario's steps; the paper lets slow ones train fewer.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry async_diloco() {
  Method method = asynchronous(1);
  method.state = OptimiserState::keep;
  method.merge.kind = MergeKind::delayed_nesterov;
  method.merge.server_learning_rate = 0.7;
  method.merge.beta1 = 0.9;
  method.merge.momentum_every = 4;
  return {"async-diloco", "DiLoCo whose server waits for nobody", "arXiv 2401.09135", method};
}

}  // namespace msfusion::methods
