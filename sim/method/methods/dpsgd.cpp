// D-PSGD (arXiv 1705.09056): one local step, then x_i = sum_j W_ij x_j with Metropolis weights.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry dpsgd() {
  Method method = gossiping();
  method.exchange.one_step = true;
  return {"dpsgd", "peers mix whole models after every local step", "arXiv 1705.09056", method};
}

}  // namespace msfusion::methods
