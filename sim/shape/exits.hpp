// A model in stages, with a classifier behind each: sub-models that have the first stages and end in a classifier.
#pragma once

#include <optional>

#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// How many stages a model has unless somebody says it, or as many as it has blocks.
inline constexpr int kUsualStages = 4;

/// Cuts the model into stages of equal numbers of blocks and puts a classifier behind each but the last: global average
/// pooling, unless predictions are made position by position, and a linear layer. Behind the last stage stands the
/// model's own classifier, with whatever the model has in front of it. A block ends where everything that follows
/// depends on one layer's result alone: in the sum of a residual block or, in a model with less than two, in any
/// convolution, linear or recurrent layer as well; norms, activation functions and pooling behind it belong to it.
/// Stages and then classifiers become the units of a last axis, "depth". Throws UserError (no file or line) if there
/// are fewer blocks than stages, fewer than two, or parameters that two units share.
Shape with_exits(Shape shape, std::optional<int> stages, bool inner_exits, bool averages_exits);

/// What a sub-model of the first so many stages has of that axis: these, with the classifier of each or of the last.
IndexSet first_stages(const Shape& shape, int stages);

/// How many stages a slice has.
int stages_of(const Shape& shape, const WidthSlice& slice);

}  // namespace msfusion
