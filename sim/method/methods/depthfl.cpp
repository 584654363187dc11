// DepthFL (ICLR 2023): a device has the first stages of the model with the classifier of each, which learn from the
// labels and from each other's predictions; an element becomes the plain mean over the devices that hold it, and the
// model answers with the mean of its classifiers' logits. The release's classifiers have attention and convolutions
// before they pool; here they pool and are linear. It also adds FedDyn's regulariser, which is left out: here, moves
// are remembered of whole models only. lambda(t) is the release's.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry depthfl() {
  Method method = by_depth();
  method.split.exits.kind = ExitChoice::Kind::all;
  method.objective.kind = ObjectiveKind::mutual_exits;
  method.objective.weight = 1;
  return {"depthfl", "sub-models of the first stages, whose classifiers learn from each other", "ICLR 2023 (DepthFL)",
          method};
}

}  // namespace msfusion::methods
