// FedAvg on the widest model that fits the weakest device: the honest baseline of every sub-model method.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry narrow() {
  Method method = averaging();
  method.split.rule = SplitRule::narrow;
  method.split.rate.kind = RateChoice::Kind::automatic;
  return {"narrow", "FedAvg on the widest model that fits the weakest device", "arXiv 1602.05629 on a smaller model",
          method};
}

}  // namespace msfusion::methods
