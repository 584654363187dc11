// Everybody trains alone on its own data.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry local() {
  Method method = averaging();
  method.exchange.kind = ExchangeKind::none;
  method.merge.kind = MergeKind::none;
  return {"local", "everybody alone: the lower bound", "", method};
}

}  // namespace msfusion::methods
