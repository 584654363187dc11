// All data is sent to one node (the server, or the fastest device), which trains the whole model.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry centralised() {
  Method method = averaging();
  method.exchange.kind = ExchangeKind::central;
  method.merge.kind = MergeKind::none;
  return {"centralised", "all data on one node: the upper bound", "", method};
}

}  // namespace msfusion::methods
