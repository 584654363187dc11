#include "sim/learn/kernels/depthwise.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "sim/base/vectorised.hpp"
#include "sim/learn/kernels/channels_last.hpp"

namespace msfusion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// sum[i] += a[i] * b[i]
MSFUSION_VECTORISED void add_products(const float* __restrict a, const float* __restrict b, std::int64_t length,
                                      float* __restrict sum) {
  for (std::int64_t i = 0; i < length; ++i) sum[i] += a[i] * b[i];
}

struct Depthwise {
  std::int64_t samples, channels, height, width, kernel, stride, padding;

  std::int64_t out_height() const { return (height + 2 * padding - kernel) / stride + 1; }
  std::int64_t out_width() const { return (width + 2 * padding - kernel) / stride + 1; }

  // Calls visit(x, kernel's place, y) with the first channel's offset of every pair of positions that a kernel's
  // weight joins.
  template <class Visit>
  void each(Visit&& visit) const {
    for (std::int64_t n = 0; n < samples; ++n)
      for (std::int64_t oy = 0; oy < out_height(); ++oy)
        for (std::int64_t ox = 0; ox < out_width(); ++ox) {
          const std::int64_t y = ((n * out_height() + oy) * out_width() + ox) * channels;
          for (std::int64_t ky = 0; ky < kernel; ++ky) {
            const std::int64_t iy = oy * stride + ky - padding;
            if (iy < 0 || iy >= height) continue;
            for (std::int64_t kx = 0; kx < kernel; ++kx) {
              const std::int64_t ix = ox * stride + kx - padding;
              if (ix < 0 || ix >= width) continue;
              visit(((n * height + iy) * width + ix) * channels, (ky * kernel + kx) * channels, y);
            }
          }
        }
  }

  at::Tensor like_images(std::int64_t rows, std::int64_t columns) const {
    return at::empty({samples, channels, rows, columns},
                     at::TensorOptions().memory_format(at::MemoryFormat::ChannelsLast))
        .zero_();
  }

  at::Tensor forward(const float* x, const float* weight, const at::Tensor& bias) const {
    at::Tensor y = like_images(out_height(), out_width());
    if (bias.defined()) y.add_(bias.view({1, channels, 1, 1}));
    auto* out = y.data_ptr<float>();
    each([&](std::int64_t in, std::int64_t k, std::int64_t to) {
      add_products(x + in, weight + k, channels, out + to);
    });
    return y;
  }

  at::Tensor backward_x(const float* gradient, const float* weight) const {
    at::Tensor grad_x = like_images(height, width);
    auto* out = grad_x.data_ptr<float>();
    each([&](std::int64_t in, std::int64_t k, std::int64_t from) {
      add_products(gradient + from, weight + k, channels, out + in);
    });
    return grad_x;
  }

  // [k * k, channels]
  at::Tensor backward_weight(const float* x, const float* gradient) const {
    at::Tensor grad_weight = at::zeros({kernel * kernel, channels});
    auto* out = grad_weight.data_ptr<float>();
    each([&](std::int64_t in, std::int64_t k, std::int64_t from) {
      add_products(x + in, gradient + from, channels, out + k);
    });
    return grad_weight;
  }
};

Depthwise sizes_of(const at::Tensor& x, const at::Tensor& weight, std::int64_t stride, std::int64_t padding) {
  return {x.size(0), x.size(1), x.size(2), x.size(3), weight.size(2), stride, padding};
}

// [channels, 1, k, k] to [k * k, channels].
at::Tensor by_place(const at::Tensor& weight) {
  return weight.reshape({weight.size(0), weight.size(2) * weight.size(3)}).t().contiguous();
}

class Convolution : public torch::autograd::Function<Convolution> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& given, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias, std::int64_t stride, std::int64_t padding) {
    const at::Tensor x = channels_last(given);
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    context->saved_data["needs_grad_x"] = given.requires_grad();
    context->saved_data["has_bias"] = bias.has_value();
    return sizes_of(x, weight, stride, padding)
        .forward(x.data_ptr<float>(), by_place(weight).data_ptr<float>(), bias.value_or(at::Tensor()));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1];
    const at::Tensor gradient = channels_last(gradients[0]);
    const Depthwise sizes =
        sizes_of(x, weight, context->saved_data["stride"].toInt(), context->saved_data["padding"].toInt());
    at::Tensor grad_x, grad_bias;
    if (context->saved_data["needs_grad_x"].toBool())
      grad_x = sizes.backward_x(gradient.data_ptr<float>(), by_place(weight).data_ptr<float>());
    if (context->saved_data["has_bias"].toBool()) grad_bias = gradient.sum({0, 2, 3});
    const at::Tensor grad_weight =
        sizes.backward_weight(x.data_ptr<float>(), gradient.data_ptr<float>()).t().reshape(weight.sizes());
    return {grad_x, grad_weight, grad_bias, {}, {}};
  }
};

}  // namespace

at::Tensor depthwise_convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                                 std::int64_t stride, std::int64_t padding) {
  if (!x.is_cpu() || x.scalar_type() != at::kFloat) return at::conv2d(x, weight, bias, stride, padding, 1, x.size(1));
  if (at::GradMode::is_enabled())
    return Convolution::apply(x, weight, bias.defined() ? c10::make_optional(bias) : c10::nullopt, stride, padding);
  const at::Tensor ready = channels_last(x);
  return sizes_of(x, weight, stride, padding)
      .forward(ready.data_ptr<float>(), by_place(weight).data_ptr<float>(), bias);
}

}  // namespace msfusion
