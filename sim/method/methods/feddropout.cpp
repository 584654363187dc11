// Federated Dropout (arXiv 1812.07210): a fresh random subset of units per device, axis and round.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry feddropout() {
  return {"feddropout", "sub-models of random units", "arXiv 1812.07210", partial_training(SplitRule::random)};
}

}  // namespace msfusion::methods
