// All data is sent to one node (the server, or the fastest device), which trains the whole model.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_centralised() {
  Method method;
  method.split.rule = SplitRule::full;
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.exchange.kind = ExchangeKind::central;
  method.merge.kind = MergeKind::none;
  return method;
}

}  // namespace msfusion
