// FedAvg on the widest model that fits the weakest device: the honest baseline of every sub-model method.
#include "sim/method/registry.hpp"

namespace msfusion {

Method make_narrow() {
  Method method = make_fedavg();
  method.split.rule = SplitRule::narrow;
  method.split.rate.kind = RateChoice::Kind::automatic;
  return method;
}

}  // namespace msfusion
