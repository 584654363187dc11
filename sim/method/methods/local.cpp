// Everybody trains alone on its own data.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_local() {
  Method method;
  method.split.rule = SplitRule::full;
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.exchange.kind = ExchangeKind::none;
  method.merge.kind = MergeKind::none;
  return method;
}

}  // namespace msfusion
