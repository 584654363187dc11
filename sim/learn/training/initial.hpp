// The values that every device starts from, drawn for the full model from the run's seed alone, so that each device
// can derive them itself.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "sim/learn/training/layout.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

/// A flat buffer of the full model. Every tensor has its own random stream; elements are drawn in the order of
/// their indices.
at::Tensor initial_values(const Shape& shape, const ParameterLayout& full, std::uint64_t seed);

}  // namespace msfusion
