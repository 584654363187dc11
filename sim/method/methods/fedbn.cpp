// FedBN (arXiv 2102.07623): what belongs to a norm stays on the device; of the rest, devices count the same in the
// mean. The paper has batch norms alone; here group and layer norms count as well. Running statistics do not exist in
// this program: a device's model is tested with those of its own samples.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedbn() {
  Method method = averaging();
  method.personal.kind = PersonalKind::norms;
  method.merge.weights = MergeChoice::Weights::uniform;
  return {"fedbn", "FedAvg of all but the norms, which are the device's own", "arXiv 2102.07623", method};
}

}  // namespace msfusion::methods
