// Dropout whose masks come from a seed and the number of masks before.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

namespace msfusion {

/// Where the masks of one training come from.
struct DropoutMasks {
  std::uint64_t seed = 0;
  std::uint64_t drawn = 0;  ///< masks so far
};

/// Each element of `x` becomes 0 with this probability, in [0, 1), and is otherwise divided by the rest (inverted
/// dropout). An element's draw is a hash of the mask's seed and the element's place, 32 bits, so that many are drawn at
/// once; drawn on the processor, so that every device drops the same.
at::Tensor dropout(const at::Tensor& x, double probability, DropoutMasks& masks);

}  // namespace msfusion
