// FjORD (arXiv 2102.13451): ordered dropout. Every step draws a width up to the device's own, one for all layers; an
// element becomes the mean over the devices that hold it, weighted by their samples, whatever widths they drew. The
// release sends the whole model both ways; as in the paper, only the device's slice is sent here. A step of
// self-distillation that draws the device's own width has no second pass: its gradient would be 0.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fjord() {
  Method method = partial_training(SplitRule::fixed);
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.objective.scaler = false;
  method.merge.weights = MergeChoice::Weights::samples;
  method.split.nested.widths = {0.2, 0.4, 0.6, 0.8, 1};
  return {"fjord", "ordered dropout: every step trains a drawn width inside the device's sub-model", "arXiv 2102.13451",
          method};
}

}  // namespace msfusion::methods
