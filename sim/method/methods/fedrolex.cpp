// FedRolex (arXiv 2212.01548): a window that moves by one unit a round, the same for all devices of a rate.
// Query, key and value roll inside each head here, over the units of all heads in the released code.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedrolex() {
  Method method = partial_training(SplitRule::rolling);
  method.split.direction = SplitChoice::Direction::down;
  return {"fedrolex", "sub-models from a window that rolls over the model", "arXiv 2212.01548", method};
}

}  // namespace msfusion::methods
