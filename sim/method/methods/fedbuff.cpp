// FedBuff (arXiv 2106.06639): the server adds the staleness-weighted mean update of every K arrivals.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_fedbuff() {
  Method method = make_fedavg();
  method.exchange.kind = ExchangeKind::asynchronous;
  method.exchange.buffer = 3;
  method.merge.kind = MergeKind::staleness;
  return method;
}

}  // namespace msfusion
