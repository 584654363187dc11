// A network in an ONNX file as a model of layers, with its weights.
#pragma once

#include <string>

#include "sim/shape/layer_file.hpp"

namespace msfusion {

/// Reads convolutional and dense networks as torch.onnx.export writes them. Layers have the names of their weights in
/// PyTorch: "features.0" of "features.0.weight". Throws UserError with the node and its operator where something is not
/// known. An element's line is the number of its node, from 1.
LayerFile read_onnx_model(const std::string& file);
LayerFile onnx_model(const std::string& bytes, const std::string& file);

}  // namespace msfusion
