// A sub-model's values under the names that its shape gives them.
#pragma once

#include <ATen/ATen.h>

#include <vector>

#include "sim/learn/training/layout.hpp"
#include "sim/learn/training/net.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

/// The tensors of a slice of the full model's flat buffer, row-major, in the shape's order; then each batch norm's
/// running_mean and running_var, where there are statistics.
std::vector<NamedTensor> named_tensors(const Shape& shape, const ParameterLayout& full, const WidthSlice& slice,
                                       const at::Tensor& source, const std::vector<NormStatistics>& statistics);

}  // namespace msfusion
