// FedBuff (arXiv 2106.06639): the server adds the staleness-weighted mean update of every K arrivals.
#include "sim/method/methods/families.hpp"

namespace msfusion::methods {

MethodEntry fedbuff() {
  return {"fedbuff", "the server merges every K arrivals", "arXiv 2106.06639", asynchronous(3)};
}

}  // namespace msfusion::methods
