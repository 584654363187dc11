// FedAvg (McMahan et al. 2017): w = sum_k (n_k / n) w_k.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedavg() {
  return {"fedavg", "everybody trains the whole model, the server averages", "arXiv 1602.05629", averaging()};
}

}  // namespace msfusion::methods
