// The models of a scenario as shapes.
#pragma once

#include "sim/shape/model_options.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

/// What the samples look like. For tokens: channels = 1, height = 1, width = window, classes = vocabulary.
struct SampleShape {
  InputKind kind = InputKind::image;
  int channels = 1, height = 1, width = 1;
  int classes = 0;
};

/// The full model of a specification. Throws UserError (no file or line: the caller knows them) where model and samples
/// do not go together: an image model on tokens, a feature map that shrinks to nothing, heads that do not divide the
/// embedding.
Shape build_shape(const ModelOptions& spec, const SampleShape& samples);

/// The same specification with every width times `rate`, at least 1 and rounded up (the narrow baseline's model).
ModelOptions narrowed(const ModelOptions& spec, double rate);

}  // namespace msfusion
