// SplitFed V1 (arXiv 2004.12088): the model is cut behind a layer; activations go up and gradients down every batch.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry splitfed() {
  Method method = averaging();
  method.exchange.kind = ExchangeKind::split;
  method.exchange.cut = 1;
  return {"splitfed", "the device trains the first layers, the server the rest, batch by batch", "arXiv 2004.12088",
          method};
}

}  // namespace msfusion::methods
