// Dropout whose masks come from a seed and the number of masks before.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace msfusion {

/// The source of one training's masks.
struct DropoutMasks {
  std::uint64_t seed = 0;
  std::uint64_t drawn = 0;  ///< masks so far
};

/// Each element of `x` becomes 0 with this probability, in [0, 1), and is divided by the rest otherwise (inverted
/// dropout). An element's draw is a 32-bit hash of the mask's seed and the element's place, so that many are drawn at
/// once. Masks are drawn on the CPU, so that every device drops the same elements.
at::Tensor dropout(const at::Tensor& x, double probability, DropoutMasks& masks);

}  // namespace msfusion
