// InclusiveFL (arXiv 2208.10705): a device has the first stages with the last one's classifier, which sizes do not
// share. Shared layers become the mean by samples; the last block of a size also moves as the blocks of the next deeper
// size do (momentum distillation). The release stores a gradient for that before it has one, and so never applies it;
// here it follows the paper's formula, on the devices' moves in a round instead of on gradients. Blocks of other sizes
// than the last block's, as between the stages of a residual network, are left out of the mean.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry inclusivefl() {
  Method method = by_depth();
  method.split.exits.kind = ExitChoice::Kind::last;
  method.merge.kind = MergeKind::prefix_mean;
  method.merge.weights = MergeChoice::Weights::samples;
  return {"inclusivefl", "sub-models of the first stages, with a classifier for each depth", "arXiv 2208.10705",
          method};
}

}  // namespace msfusion::methods
