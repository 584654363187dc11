// FedPer (arXiv 1912.00818): the last layers stay on the device from round to round, the others are FedAvg's.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedper() {
  Method method = averaging();
  method.personal.kind = PersonalKind::head;
  return {"fedper", "FedAvg of all but the last layers, which are the device's own", "arXiv 1912.00818", method};
}

}  // namespace msfusion::methods
