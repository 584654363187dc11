// DS-FL (arXiv 2008.06180): softmax predictions on open data go up, their sharpened mean comes down and is distilled.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry dsfl() {
  Method method = averaging();
  method.exchange.kind = ExchangeKind::logits;
  method.merge.kind = MergeKind::average_logits;
  method.merge.distill_steps = 20;
  method.merge.sharpen = 0.1;
  method.merge.open_samples = 1000;
  return {"dsfl", "devices share predictions on open data instead of parameters", "arXiv 2008.06180", method};
}

}  // namespace msfusion::methods
