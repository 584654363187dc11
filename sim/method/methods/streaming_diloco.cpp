// Streaming DiLoCo (arXiv 2501.18512): DiLoCo's outer step for one fragment of the layers at a time, whose exchange
// overlaps computing. A round is the time from one fragment to the next, so DiLoCo's H local steps are fragments x
// those of a round; the paper's delay is a round here, or none. Fragments are neighbouring layers, and values travel as
// floats.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry streaming_diloco() {
  Method method = averaging();
  method.state = OptimiserState::keep;
  method.exchange.kind = ExchangeKind::stream;
  method.exchange.fragments = 3;
  method.merge.kind = MergeKind::fragments;
  method.merge.weights = MergeChoice::Weights::uniform;
  method.merge.server_learning_rate = 0.7;
  method.merge.beta1 = 0.9;
  method.merge.nesterov = true;
  return {"streaming-diloco", "DiLoCo by fragments of the layers, exchanged beside computing", "arXiv 2501.18512",
          method};
}

}  // namespace msfusion::methods
