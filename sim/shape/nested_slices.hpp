// Narrower sub-models inside one that holds the first units of every axis.
#pragma once

#include <vector>

#include "sim/shape/slice.hpp"

namespace msfusion {

/// The slices of those widths that lie inside `slice`, ascending; widths that round to the same units on all axes are
/// one. `slice` must hold the first units of every axis; where it is one of the widths, it is the last.
std::vector<WidthSlice> nested_slices(const Shape& shape, const std::vector<double>& widths, const WidthSlice& slice);

}  // namespace msfusion
