// A trained model as an ONNX graph of standard operators.
#pragma once

#include <string>

#include "sim/shape/tensor_file.hpp"

namespace msfusion {

/// The ONNX file (operators of version 14) of a model file that has its layers in the metadata (layer_list). Batch
/// norms have the file's statistics; dropouts are left out. The input is "input": [n, channels, height, width],
/// normalised as the metadata's input_mean and input_std say, or tokens [n, window] as 64-bit whole numbers; the output
/// are the logits. Constants have the names of the model's tensors, and the file the same metadata but for the layers.
/// `name` is for messages. Throws UserError.
std::string to_onnx(const TensorFile& model, const std::string& name);

}  // namespace msfusion
