// HeteroFL (arXiv 2010.01264): W(0, m) on every axis, scaler and masked loss as in its release.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry heterofl() {
  return {"heterofl", "nested sub-models of the devices' rates", "arXiv 2010.01264",
          partial_training(SplitRule::fixed)};
}

}  // namespace msfusion::methods
