#include "sim/shape/slice.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace msfusion {

namespace {
const IndexSet& axis_set(const WidthSlice& slice, AxisId axis) {
  return slice.axes[static_cast<std::size_t>(axis)];
}
}  // namespace

IndexSet IndexSet::window(int start, int length, int size) {
  assert(start >= 0 && start < size && length >= 1 && length <= size);
  IndexSet set;
  set.start_ = start;
  set.length_ = length;
  set.size_ = size;
  return set;
}

IndexSet IndexSet::subset(std::vector<int> units, int size) {
  assert(!units.empty() && static_cast<int>(units.size()) <= size);
  IndexSet set;
  set.start_ = units.front();
  set.length_ = static_cast<int>(units.size());
  set.size_ = size;
  set.subset_ = std::make_shared<const std::vector<int>>(std::move(units));
  return set;
}

bool IndexSet::contains(int unit) const {
  if (subset_) return std::find(subset_->begin(), subset_->end(), unit) != subset_->end();
  return (unit - start_ + size_) % size_ < length_;
}

std::vector<int> IndexSet::units() const {
  std::vector<int> result(static_cast<std::size_t>(length_));
  for (int i = 0; i < length_; ++i) result[static_cast<std::size_t>(i)] = unit(i);
  return result;
}

bool operator==(const IndexSet& a, const IndexSet& b) {
  if (a.size_ != b.size_ || a.length_ != b.length_) return false;
  if (a.is_window() && b.is_window()) return a.start_ == b.start_;
  return a.units() == b.units();
}

int intersection_size(const IndexSet& a, const IndexSet& b) {
  assert(a.size() == b.size());
  const int size = a.size();
  if (a.is_window() && b.is_window()) {
    // Seen from a's start, b is [offset, offset + length), of which the part beyond `size` wraps round to 0.
    const int offset = (b.start() - a.start() + size) % size;
    const int end = offset + b.length();
    return std::max(0, std::min(a.length(), end) - offset) + std::max(0, std::min(a.length(), end - size));
  }
  std::vector<bool> in_a(static_cast<std::size_t>(size), false);
  for (int i = 0; i < a.length(); ++i) in_a[static_cast<std::size_t>(a.unit(i))] = true;
  int count = 0;
  for (int i = 0; i < b.length(); ++i) count += in_a[static_cast<std::size_t>(b.unit(i))];
  return count;
}

WidthSlice full_slice(const Shape& shape) {
  WidthSlice slice;
  for (const Axis& axis : shape.axes) slice.axes.push_back(IndexSet::all(axis.units));
  return slice;
}

int sliced_units(double rate, int units) {
  // Rates like 0.1 are not exact in binary: without the tolerance, 0.1 * 30 would round up to 4.
  const double exact = rate * units;
  const int length = static_cast<int>(std::ceil(exact - 1e-9 * std::max(1.0, exact)));
  return std::clamp(length, 1, units);
}

bool keeps_block(const Dim& dim, const WidthSlice& slice) {
  return dim.block == kNoBlock || slice.axes.back().contains(dim.block);
}

int sliced_size(const Dim& dim, const WidthSlice& slice) {
  if (!keeps_block(dim, slice)) return 0;
  return dim.axis == kFixed ? dim.size : dim.outer * axis_set(slice, dim.axis).length() * dim.inner;
}

std::vector<std::int64_t> sliced_indices(const Dim& dim, const WidthSlice& slice) {
  std::vector<std::int64_t> indices;
  if (!keeps_block(dim, slice)) return indices;
  indices.reserve(static_cast<std::size_t>(sliced_size(dim, slice)));
  if (dim.axis == kFixed) {
    for (int i = 0; i < dim.size; ++i) indices.push_back(i);
    return indices;
  }
  const IndexSet& set = axis_set(slice, dim.axis);
  for (int o = 0; o < dim.outer; ++o)
    for (int i = 0; i < set.length(); ++i)
      for (int inner = 0; inner < dim.inner; ++inner)
        indices.push_back((static_cast<std::int64_t>(o) * set.size() + set.unit(i)) * dim.inner + inner);
  return indices;
}

int shared_size(const Dim& dim, const WidthSlice& a, const WidthSlice& b) {
  if (!keeps_block(dim, a) || !keeps_block(dim, b)) return 0;
  return dim.axis == kFixed ? dim.size
                            : dim.outer * intersection_size(axis_set(a, dim.axis), axis_set(b, dim.axis)) * dim.inner;
}

std::int64_t parameter_count(const Shape& shape, const WidthSlice& slice) {
  std::int64_t total = 0;
  for (const ParameterTensor& tensor : shape.tensors) {
    std::int64_t count = 1;
    for (const Dim& dim : tensor.dims) count *= sliced_size(dim, slice);
    total += count;
  }
  return total;
}

std::int64_t shared_parameters(const Shape& shape, const WidthSlice& a, const WidthSlice& b) {
  std::int64_t total = 0;
  for (const ParameterTensor& tensor : shape.tensors) {
    if (!tensor.is_trained || tensor.is_private) continue;
    std::int64_t count = 1;
    for (const Dim& dim : tensor.dims) count *= shared_size(dim, a, b);
    total += count;
  }
  return total;
}

}  // namespace msfusion
