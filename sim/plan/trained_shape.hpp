// The model that a scenario's devices train together: with adapters, and with what stays frozen.
#pragma once

#include "sim/plan/training_options.hpp"
#include "sim/shape/models.hpp"
#include "sim/shape/shape.hpp"

namespace msfusion {

/// The model with every width that may be cut times `rate`, rounded up. Throws UserError (no file or line) as
/// build_shape(), with_adapters() and keep_trained() do.
Shape trained_shape(const ModelOptions& model, double rate, const SampleShape& samples,
                    const TrainingOptions& training);

}  // namespace msfusion
