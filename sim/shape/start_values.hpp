// What training starts from and what it changes: values from a file, layers that stay as they are.
#pragma once

#include <string>
#include <vector>

#include "sim/shape/shape.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

/// Per tensor: a layer that uses it is named. A word is the name of a layer, the beginning of its name up to a dot
/// ("stage4"), a kind (conv, dense, norm, embedding, positions, lstm), "attention" for the dense layers of one,
/// "classifier" for the last layer, or "all".
/// Throws UserError for a word that names no layer with parameters.
std::vector<bool> named_tensors_of(const Shape& shape, const std::vector<std::string>& words);

/// Freezes every tensor that the words do not name, but for adapters; no words: all are trained, or the adapters alone.
void keep_trained(Shape& shape, const std::vector<std::string>& words);

/// Throws UserError unless the file has each tensor of the model, of its sizes; adapters, and what the layers have
/// that `fresh` names, are not asked for.
void check_start_values(const TensorFile& values, const std::string& file, const Shape& shape,
                        const std::vector<std::string>& fresh);

/// The file's tensors without those of the layers that `fresh` names.
TensorFile without_fresh(TensorFile values, const Shape& shape, const std::vector<std::string>& fresh);

}  // namespace msfusion
