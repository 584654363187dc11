// The values that every device starts from, drawn for the full model from the run's seed alone, so that each device
// can derive them itself.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>

#include "sim/learn/training/layout.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

/// A flat buffer of the full model. Every tensor has its own random stream; elements are drawn in the order of
/// their indices.
at::Tensor initial_values(const Shape& shape, const ParameterLayout& full, std::uint64_t seed);

/// Puts the file's tensors in the place of those with their names. They have the sizes of the model, or of the one that
/// it is narrowed from: then it gets the first units of every width.
void load_values(const TensorFile& file, const Shape& shape, const ParameterLayout& full, at::Tensor& flat);

}  // namespace msfusion
