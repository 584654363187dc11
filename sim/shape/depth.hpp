// Depth as one more axis of a model: the residual blocks that a sub-model may leave out.
#pragma once

#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// Finds the blocks that may be left out and makes them the units of a last axis, "depth", in the order of the layers.
/// Such a block ends in a sum of which one input enters the block and reaches the sum unchanged; nothing else reads
/// what its branch computes, or shares its parameters. A sum with a projection on its shortcut ends no such block:
/// without the branch nothing has the sum's shape. Where sums are nested, the inner ones end blocks. Throws UserError
/// (no file or line) if there is no block, with the reason for every sum.
Shape with_depth(Shape shape);

/// The shape without the layers of blocks that the slice leaves out, whose readers read what entered the block. All
/// tensors stay; `blocks` is empty, and `stages` are those whose classifiers are kept.
Shape kept_layers(const Shape& shape, const WidthSlice& slice);

}  // namespace msfusion
