// Random draws of devices that several selections share.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/ids.hpp"

namespace msfusion {

/// As many of the devices, each as likely as any other; ascending.
std::vector<NodeId> draw_uniformly(std::vector<NodeId> devices, std::size_t count, std::uint64_t seed);

/// As many of the devices one after the other, each time in proportion to the weights of those that are left; in the
/// order of the draws. Devices of weight 0 come last, in their order.
std::vector<NodeId> draw_weighted(const std::vector<NodeId>& devices, const std::vector<double>& weights,
                                  std::size_t count, std::uint64_t seed);

}  // namespace msfusion
