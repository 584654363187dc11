#include "sim/shape/nested_slices.hpp"

#include <algorithm>

namespace msfusion {

namespace {

bool lies_inside(const WidthSlice& inner, const WidthSlice& outer) {
  for (std::size_t axis = 0; axis < inner.axes.size(); ++axis)
    if (inner.axes[axis].length() > outer.axes[axis].length()) return false;
  return true;
}

}  // namespace

std::vector<WidthSlice> nested_slices(const Shape& shape, const std::vector<double>& widths, const WidthSlice& slice) {
  std::vector<double> ascending = widths;
  std::sort(ascending.begin(), ascending.end());
  std::vector<WidthSlice> nested;
  for (const double width : ascending) {
    WidthSlice narrow = slice;
    for (std::size_t axis = 0; axis < narrow.axes.size(); ++axis) {
      const int units = shape.axes[axis].units;
      narrow.axes[axis] = IndexSet::window(0, sliced_units(width, units), units);
    }
    const bool is_new = nested.empty() || !(nested.back() == narrow);
    if (is_new && lies_inside(narrow, slice)) nested.push_back(std::move(narrow));
  }
  return nested;
}

}  // namespace msfusion
