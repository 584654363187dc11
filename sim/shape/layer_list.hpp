// A model's layers as JSON, for the metadata of exported models: what a program needs that has only the file.
#pragma once

#include <string>

#include "sim/shape/shape.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

/// The key of a model file's metadata under which it lies.
inline constexpr const char* kLayerListKey = "layers";

/// {"input": {"kind", "features", "height", "width"}, "layers": [{"name", "op", "inputs", "tensors", ..}]}: layers from
/// the sample to the logits; "inputs" are names of earlier layers, null for the sample. Sizes are those of the tensors,
/// so that the list is the same for all slices of a model.
std::string layer_list(const Shape& shape);

/// The model without adapters that computes the same: their products are added to the weights (merged_adapters), and
/// they are gone from the metadata, too.
TensorFile without_adapters(TensorFile model);

}  // namespace msfusion
