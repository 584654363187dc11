// DS-FL (arXiv 2008.06180): softmax predictions on open data go up, their sharpened mean comes down and is distilled.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_dsfl() {
  Method method;
  method.split.rule = SplitRule::full;
  method.objective.kind = ObjectiveKind::cross_entropy;
  method.exchange.kind = ExchangeKind::logits;
  method.merge.kind = MergeKind::average_logits;
  method.merge.distill_steps = 20;
  method.merge.sharpen = 0.1;
  method.merge.open_samples = 1000;
  return method;
}

}  // namespace msfusion
