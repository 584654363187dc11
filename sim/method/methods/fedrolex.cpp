// FedRolex (arXiv 2212.01548): a window that moves by one unit a round, the same for all devices of a rate.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedrolex() {
  Method method = partial_training(SplitRule::rolling);
  method.split.direction = SplitChoice::Direction::down;
  return {"fedrolex", "sub-models from a window that rolls over the model", "arXiv 2212.01548", method};
}

}  // namespace msfusion::methods
