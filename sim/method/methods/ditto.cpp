// Ditto (arXiv 2012.04221): FedAvg, and beside it a model v of each device's own, v -= eta (g(v) + lambda (v - w)), w
// the model that the round began with. As in the release both train on the same batches. Its devices are drawn by size
// and count the same in the mean, which `weights` can say; it keeps one lambda for all, as here, or the best of three.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry ditto() {
  Method method = averaging();
  method.personal.kind = PersonalKind::model;
  return {"ditto", "FedAvg, and a model of its own for every device", "arXiv 2012.04221", method};
}

}  // namespace msfusion::methods
