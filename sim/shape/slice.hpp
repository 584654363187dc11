// Which units of each width axis a sub-model holds, and how many elements that is.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/shape/shape.hpp"

namespace msfusion {

/// An ordered set of units of one axis: a wrapped window W(start, length) = [(start + i) mod K], or an explicit subset.
/// A window costs a few bytes whatever its length, so that large fleets stay small.
class IndexSet {
 public:
  static IndexSet window(int start, int length, int size);   ///< 0 <= start < size, 1 <= length <= size
  static IndexSet subset(std::vector<int> units, int size);  ///< distinct units in [0, size), order kept
  static IndexSet all(int size) { return window(0, size, size); }

  int length() const { return length_; }
  int size() const { return size_; }  ///< K of the axis
  bool is_window() const { return subset_ == nullptr; }
  int start() const { return start_; }  ///< first unit of a window
  int unit(int i) const { return subset_ ? (*subset_)[static_cast<std::size_t>(i)] : (start_ + i) % size_; }
  bool contains(int unit) const;
  std::vector<int> units() const;
  friend bool operator==(const IndexSet& a, const IndexSet& b);

 private:
  int start_ = 0, length_ = 1, size_ = 1;
  std::shared_ptr<const std::vector<int>> subset_;
};

/// |a ∩ b| of two sets on the same axis.
int intersection_size(const IndexSet& a, const IndexSet& b);

/// A sub-model: one index set per axis of the shape. That of a depth axis says which blocks it keeps.
struct WidthSlice {
  std::vector<IndexSet> axes;
  friend bool operator==(const WidthSlice& a, const WidthSlice& b) { return a.axes == b.axes; }
};

WidthSlice full_slice(const Shape& shape);

/// m = max(1, ceil(rate * K)); exact where rate * K is a whole number up to rounding noise.
int sliced_units(double rate, int units);

/// Whether the slice keeps the dimension's block.
bool keeps_block(const Dim& dim, const WidthSlice& slice);

/// Elements along a dimension that a slice keeps: outer * length * inner, or the whole size where fixed; 0 where it
/// leaves the dimension's block out.
int sliced_size(const Dim& dim, const WidthSlice& slice);

/// The kept element indices along a dimension, in the slice's order.
std::vector<std::int64_t> sliced_indices(const Dim& dim, const WidthSlice& slice);

/// Elements along a dimension that both slices keep.
int shared_size(const Dim& dim, const WidthSlice& a, const WidthSlice& b);

/// Parameters of a slice, all tensors.
std::int64_t parameter_count(const Shape& shape, const WidthSlice& slice);

/// Trained parameters that two slices have in common: sum over tensors of prod over dimensions of |intersection|.
std::int64_t shared_parameters(const Shape& shape, const WidthSlice& a, const WidthSlice& b);

}  // namespace msfusion
