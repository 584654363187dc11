// FedNova (arXiv 2007.07481): updates divided by the work behind them, so that devices with more steps do not pull the
// model towards themselves.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fednova() {
  Method method = averaging();
  method.merge.kind = MergeKind::normalised;
  return {"fednova", "FedAvg for unequal numbers of local steps", "arXiv 2007.07481", method};
}

}  // namespace msfusion::methods
