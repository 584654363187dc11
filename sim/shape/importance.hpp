// Sub-models of single weights: which tensors they choose from, and how many weights they have.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/shape/shape.hpp"

namespace msfusion {

/// Per tensor: its weights compete for a place, as those of trained convolutions and linear layers do. Biases, norms
/// and all else are in every sub-model.
std::vector<bool> competing_tensors(const Shape& shape);

/// How many weights compete, and how many of them a share has: int(share * n), at least 1.
struct CompetingWeights {
  std::int64_t all = 0;
  std::int64_t kept(double share) const;
};
CompetingWeights competing_weights(const Shape& shape);

}  // namespace msfusion
