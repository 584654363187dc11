// The places of a sub-model's parameter tensors in its one flat float buffer.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "sim/shape/shape.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

/// One tensor of the sub-model. Convolution weights [out, in, kh, kw] are stored as [out, kh, kw, in] (channels_last),
/// which is how oneDNN reads them without a copy; `strides` say so.
struct TensorSlot {
  std::int64_t offset = 0;  ///< in floats, from the buffer's start
  std::int64_t count = 0;
  std::vector<std::int64_t> sizes, strides;
};

/// Tensors begin at multiples of 64 bytes, so that a kernel's last bits do not depend on a tensor's place in the
/// buffer. The gaps between them are zero and stay zero under every optimiser.
class ParameterLayout {
 public:
  ParameterLayout(const Shape& shape, const WidthSlice& slice);

  std::int64_t size() const { return size_; }                  ///< floats, gaps included
  std::int64_t trained_size() const { return trained_size_; }  ///< of the tensors that are trained, which come first
  int tensors() const { return static_cast<int>(slots_.size()); }
  const TensorSlot& slot(int tensor) const { return slots_[static_cast<std::size_t>(tensor)]; }

  /// The tensor as a view of `flat`.
  at::Tensor view(const at::Tensor& flat, int tensor) const;
  std::vector<at::Tensor> views(const at::Tensor& flat) const;

  /// The tensor of the first `models` sub-models in `flat` [sub-models, size() or trained_size()], with a leading
  /// dimension of the sub-models.
  at::Tensor grouped_view(const at::Tensor& flat, int tensor, std::int64_t models) const;

  /// The same for all tensors.
  std::vector<at::Tensor> grouped_views(const at::Tensor& flat, std::int64_t models) const;

 private:
  std::vector<TensorSlot> slots_;
  std::int64_t size_ = 0, trained_size_ = 0;
};

}  // namespace msfusion
