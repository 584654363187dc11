// The elements of the full model's buffer that a sub-model's buffer holds, as runs of neighbours. Gathering and merging
// walk these runs. They derive from the dimensions' axes alone.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/learn/training/layout.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// `length` neighbours that start at `full` in the full buffer and at `part` in the sub-model's.
struct Run {
  std::int64_t full = 0;
  std::int64_t part = 0;
  std::int64_t length = 0;
};

class SliceMap {
 public:
  SliceMap(const Shape& shape, const ParameterLayout& full, const WidthSlice& slice);

  const ParameterLayout& part_layout() const { return part_; }
  std::int64_t part_size() const { return part_.size(); }

  /// Every element keeps its place: the sub-model is the full model, not a rotated one.
  bool is_whole() const;

  /// Calls visit(tensor, Run) for all runs, tensor by tensor, within it ascending in `part`. A run never crosses a
  /// tensor.
  template <class Visit>
  void for_each_run(Visit&& visit) const {
    for (std::size_t t = 0; t < tensors_.size(); ++t) {
      const TensorRuns& runs = tensors_[t];
      std::int64_t part = runs.part;
      for (const auto outer : runs.outer)
        for (const auto& inner : runs.inner) {
          visit(static_cast<int>(t), Run{outer + inner.full, part, inner.length});
          part += inner.length;
        }
    }
  }

 private:
  // One run per pair of outer offset and inner run.
  struct TensorRuns {
    std::int64_t part = 0;
    std::vector<std::int64_t> outer;  // offsets in the full buffer
    std::vector<Run> inner;           // `part` unused
  };
  static TensorRuns runs_of(const ParameterTensor& tensor, std::int64_t full_offset, std::int64_t part_offset,
                            const WidthSlice& slice);

  ParameterLayout part_;
  std::vector<TensorRuns> tensors_;
};

/// Copies the sub-model's values out of the full model's; returns `full` itself where the slice is the whole model.
at::Tensor gather(const SliceMap& map, const at::Tensor& full);

/// Writes the sub-model's values to their places in the full buffer.
void scatter(const SliceMap& map, const at::Tensor& part, at::Tensor& full);

}  // namespace msfusion
