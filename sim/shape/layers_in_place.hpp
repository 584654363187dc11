// A model whose layers stand in another file, instead of in one of their own.
#pragma once

#include <memory>
#include <string>

#include "sim/shape/layer_file.hpp"
#include "sim/shape/model_options.hpp"

namespace msfusion {

class XmlElement;

/// The layers in an element of `file`, which messages name. What they read is the caller's to say. Throws as
/// read_layer_file() does.
LayerFile read_layers_in_place(const XmlElement& model, const std::string& file);

/// The model of these layers, and of the element's attributes.
ModelOptions read_model(GivenAttributes& given, std::shared_ptr<const LayerFile> in_place);

}  // namespace msfusion
