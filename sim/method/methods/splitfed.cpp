// SplitFed V1 (arXiv 2004.12088): the model is cut behind a layer; activations go up and gradients down every batch.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_splitfed() {
  Method method = make_fedavg();
  method.exchange.kind = ExchangeKind::split;
  method.exchange.cut = 1;
  return method;
}

}  // namespace msfusion
