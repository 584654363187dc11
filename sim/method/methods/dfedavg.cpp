// DFedAvg (arXiv 2104.11375): local epochs, then x_i = sum_j W_ij x_j with Metropolis weights.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry dfedavg() {
  return {"dfedavg", "peers mix whole models after local training", "arXiv 2104.11375", gossiping()};
}

}  // namespace msfusion::methods
