// FedAsync (arXiv 1903.03934): w = (1 - a_s) w + a_s w_k at every arrival, a_s = mixing (1 + s)^-exponent.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedasync() {
  Method method = make_fedavg();
  method.exchange.kind = ExchangeKind::asynchronous;
  method.exchange.buffer = 1;
  method.merge.kind = MergeKind::staleness;
  return method;
}

}  // namespace msfusion
