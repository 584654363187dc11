// Sub-models of the largest weights (FIARSE, arXiv 2407.19389).
#pragma once

#include <ATen/ATen.h>

#include "sim/learn/training/layout.hpp"

namespace msfusion {

/// The values with 0 instead of all competing weights but the largest in size, of which the share has some (see
/// sim/shape/importance.hpp). Flat, of the whole model.
at::Tensor largest_weights(const Shape& shape, const ParameterLayout& full, const at::Tensor& values, double share);

}  // namespace msfusion
