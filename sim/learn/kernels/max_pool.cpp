#include "sim/learn/kernels/max_pool.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <vector>

#include "sim/base/vectorised.hpp"
#include "sim/learn/kernels/channels_last.hpp"

namespace msfusion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kChannelsForLibTorch = 16;  // from here on LibTorch's kernel is faster with positions

// These work on `length` neighbours in memory. NaN counts as larger than everything before it.

MSFUSION_VECTORISED void larger(const float* x, std::int64_t length, float* __restrict best) {
  for (std::int64_t i = 0; i < length; ++i) best[i] = x[i] > best[i] || x[i] != x[i] ? x[i] : best[i];
}

// Keeps positions, too: the first of equal values.
MSFUSION_VECTORISED void larger(const float* x, const std::int32_t* positions, std::int64_t length,
                                float* __restrict best, std::int32_t* __restrict best_positions) {
  for (std::int64_t i = 0; i < length; ++i) {
    const bool is_larger = x[i] > best[i] || x[i] != x[i] || (x[i] == best[i] && positions[i] < best_positions[i]);
    best[i] = is_larger ? x[i] : best[i];
    best_positions[i] = is_larger ? positions[i] : best_positions[i];
  }
}

MSFUSION_VECTORISED void widen(const std::int32_t* from, std::int64_t length, std::int64_t* __restrict to) {
  for (std::int64_t i = 0; i < length; ++i) to[i] = from[i];
}

// Works on whole rows of memory, [width][channels], so that few channels do not make short loops: first the largest
// value of each column of the windows, then the largest of neighbouring columns. Columns between windows are computed,
// too, and left out at the end.
struct Pool {
  std::int64_t samples, channels, height, width, kernel, stride;

  std::int64_t out_height() const { return (height - kernel) / stride + 1; }
  std::int64_t out_width() const { return (width - kernel) / stride + 1; }
  std::int64_t row() const { return width * channels; }

  at::Tensor result(at::ScalarType type) const {
    return at::empty({samples, channels, out_height(), out_width()},
                     at::TensorOptions().dtype(type).memory_format(at::MemoryFormat::ChannelsLast));
  }

  void values(const float* x, float* out) const {
    std::vector<float> columns(static_cast<std::size_t>(row())), best(columns.size());
    for (std::int64_t n = 0; n < samples; ++n)
      for (std::int64_t y = 0; y < out_height(); ++y) {
        const float* top = x + (n * height + y * stride) * row();
        std::copy(top, top + row(), columns.begin());
        for (std::int64_t k = 1; k < kernel; ++k) larger(top + k * row(), row(), columns.data());
        best = columns;
        for (std::int64_t k = 1; k < kernel; ++k)
          larger(columns.data() + k * channels, row() - k * channels, best.data());
        out = windows(best, out);
      }
  }

  // Also the place of each value in its sample's plane.
  void values_and_positions(const float* x, float* out, std::int64_t* out_positions) const {
    const auto size = static_cast<std::size_t>(row());
    std::vector<float> columns(size), best(size);
    std::vector<std::int32_t> own(size), positions(size), best_positions(size);
    std::vector<std::int64_t> wide(size);
    for (std::int64_t n = 0; n < samples; ++n)
      for (std::int64_t y = 0; y < out_height(); ++y) {
        const float* top = x + (n * height + y * stride) * row();
        number(y * stride, own);
        std::copy(top, top + row(), columns.begin());
        positions = own;
        for (std::int64_t k = 1; k < kernel; ++k) {
          number(y * stride + k, own);
          larger(top + k * row(), own.data(), row(), columns.data(), positions.data());
        }
        best = columns;
        best_positions = positions;
        for (std::int64_t k = 1; k < kernel; ++k)
          larger(columns.data() + k * channels, positions.data() + k * channels, row() - k * channels, best.data(),
                 best_positions.data());
        widen(best_positions.data(), row(), wide.data());
        out = windows(best, out);
        out_positions = windows(wide, out_positions);
      }
  }

 private:
  // The positions of a row's values.
  void number(std::int64_t y, std::vector<std::int32_t>& positions) const {
    auto at = positions.begin();
    for (std::int64_t i = 0; i < width; ++i) at = std::fill_n(at, channels, static_cast<std::int32_t>(y * width + i));
  }

  // Copies the values at the windows' first columns; returns the place of the result's next row.
  template <class Value>
  Value* windows(const std::vector<Value>& from, Value* out) const {
    for (std::int64_t i = 0; i < out_width(); ++i)
      out = std::copy_n(from.data() + i * stride * channels, channels, out);
    return out;
  }
};

class MaxPool : public torch::autograd::Function<MaxPool> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& given, std::int64_t kernel,
                            std::int64_t stride) {
    const at::Tensor x = channels_last(given);
    const Pool pool{x.size(0), x.size(1), x.size(2), x.size(3), kernel, stride};
    at::Tensor out, positions;
    if (pool.channels < kChannelsForLibTorch) {
      out = pool.result(at::kFloat);
      positions = pool.result(at::kLong);
      pool.values_and_positions(x.data_ptr<float>(), out.data_ptr<float>(), positions.data_ptr<std::int64_t>());
    } else {
      std::tie(out, positions) = at::max_pool2d_with_indices(x, {kernel, kernel}, {stride, stride});
    }
    context->save_for_backward({x, positions});
    context->saved_data["kernel"] = kernel;
    context->saved_data["stride"] = stride;
    return out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const std::int64_t kernel = context->saved_data["kernel"].toInt(), stride = context->saved_data["stride"].toInt();
    return {at::max_pool2d_with_indices_backward(channels_last(gradients[0]), saved[0], {kernel, kernel},
                                                 {stride, stride}, {0, 0}, {1, 1}, false, saved[1]),
            {},
            {}};
  }
};

}  // namespace

at::Tensor max_pool(const at::Tensor& x, std::int64_t kernel, std::int64_t stride) {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat) return at::max_pool2d(x, {kernel, kernel}, {stride, stride});
  if (at::GradMode::is_enabled()) return MaxPool::apply(x, kernel, stride);
  const at::Tensor ready = channels_last(x);
  const Pool pool{x.size(0), x.size(1), x.size(2), x.size(3), kernel, stride};
  at::Tensor out = pool.result(at::kFloat);
  pool.values(ready.data_ptr<float>(), out.data_ptr<float>());
  return out;
}

}  // namespace msfusion
