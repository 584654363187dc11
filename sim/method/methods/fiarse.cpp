// FIARSE (arXiv 2407.19389): a device has the largest weights of the model, as many as it can take, with the place of
// each; in training a weight counts while it is as large as the smallest of them was at the round's start, and its
// gradient takes part in that choice. An element moves by the mean over the devices that changed it. As in the release,
// only convolutions and linear layers are thinned out. Its server also masks for one size while it tests; here every
// device's sub-model is tested, and the whole model. A device cannot know which weights the server has chosen, so their
// places are sent: a bit for each weight, or four bytes for each kept one where that is less.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fiarse() {
  Method method = averaging();
  method.objective.kind = ObjectiveKind::important_weights;
  method.merge.kind = MergeKind::changed_mean;
  method.merge.weights = MergeChoice::Weights::uniform;
  method.importance.kept = {1, 0.25, 0.0625, 0.015625};
  return {"fiarse", "sub-models of the largest weights, chosen anew each round", "arXiv 2407.19389", method};
}

}  // namespace msfusion::methods
