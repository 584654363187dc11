// Builds the shape that a model file describes.
#pragma once

#include <map>
#include <string>

#include "sim/shape/layer_file.hpp"
#include "sim/shape/models.hpp"

namespace msfusion {

/// The file's model for these samples, with values for some of its parameters. Throws UserError with the line of the
/// layer that does not fit what it reads, or that could not be cut in width.
Shape shape_of_layers(const LayerFile& file, const std::map<std::string, std::string>& parameters,
                      const SampleShape& samples);

/// The same model with every axis times `rate`, rounded up.
Shape narrowed_shape(Shape shape, double rate);

}  // namespace msfusion
