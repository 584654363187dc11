// FedAsync (arXiv 1903.03934): w = (1 - a_s) w + a_s w_k at every arrival, a_s = mixing (1 + s)^-exponent.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedasync() {
  return {"fedasync", "the server merges every arrival at once", "arXiv 1903.03934", asynchronous(1)};
}

}  // namespace msfusion::methods
