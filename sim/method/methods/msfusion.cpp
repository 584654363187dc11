// MSfusion (arXiv 2407.03622): overlapping windows that shift between devices and between rounds, exchanged among
// peers.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry msfusion() {
  Method method = averaging();
  method.split.rule = SplitRule::double_shift;
  method.split.rate.kind = RateChoice::Kind::automatic;
  method.split.overlap = SplitChoice::Overlap::linear;  // docs/results/msfusion.md: why this one
  method.objective.kind = ObjectiveKind::contrastive;
  method.objective.weight = 0.1;
  method.objective.temperature = 0.5;
  method.exchange.kind = ExchangeKind::peers;
  method.merge.kind = MergeKind::overlap_mean;
  method.merge.weights = MergeChoice::Weights::uniform;
  return {"msfusion", "nobody holds the model: double shifting split, peers, overlap mean, contrastive loss",
          "arXiv 2407.03622", method};
}

}  // namespace msfusion::methods
