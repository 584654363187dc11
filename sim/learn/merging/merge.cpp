#include "sim/learn/merging/merge.hpp"

#include <algorithm>

namespace msfusion {

bool Arrivals::was_sent(const Trained& trained) const {
  return std::any_of(deliveries.begin(), deliveries.end(), [&](const Delivery& delivery) {
    return delivery.task == trained.task && delivery.to != trained.device;
  });
}

}  // namespace msfusion
