// Data-parallel training: the devices' mean gradient of one batch each, formed by an all-reduce, is a step of the
// training's optimiser, which every device takes alike. A round is one step. The yardstick for methods that communicate
// less.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry data_parallel() {
  Method method = averaging();
  method.objective.kind = ObjectiveKind::gradient;
  method.exchange.kind = ExchangeKind::all;
  method.exchange.one_step = true;
  method.merge.kind = MergeKind::gradients;
  method.merge.weights = MergeChoice::Weights::uniform;
  return {"data-parallel", "one optimiser, whose every step has the mean gradient of all devices", "", method};
}

}  // namespace msfusion::methods
