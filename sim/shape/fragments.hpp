// A model's layers cut into consecutive fragments that are exchanged at different times.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/shape/shape.hpp"

namespace msfusion {

/// The fragment of each tensor, 0 .. fragments - 1: whole layers in their order, about equal numbers of trained
/// parameters. A tensor that several layers use belongs to the first of them.
std::vector<int> fragment_of_tensors(const Shape& shape, int fragments);

/// How many parameters of each fragment are trained and sent.
std::vector<std::int64_t> fragment_sizes(const Shape& shape, int fragments);

}  // namespace msfusion
