#include "sim/learn/kernels/linear.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "sim/base/vectorised.hpp"
#include "sim/learn/kernels/product.hpp"

namespace msfusion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The sum of each column, in double precision, row after row whatever the instruction set.
MSFUSION_VECTORISED void sum_columns(const float* values, std::int64_t rows, std::int64_t columns, double* sums,
                                     float* out) {
  for (std::int64_t c = 0; c < columns; ++c) sums[c] = 0;
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) sums[c] += static_cast<double>(values[r * columns + c]);
  for (std::int64_t c = 0; c < columns; ++c) out[c] = static_cast<float>(sums[c]);
}

// One model's layer: its rows, its weights.
struct Sizes {
  std::int64_t rows, in, out;
};

void output(const Sizes& sizes, const float* x, const float* weight, const float* bias, float* y) {
  const auto [rows, in, out] = sizes;
  if (bias != nullptr)
    for (std::int64_t row = 0; row < rows; ++row) std::copy(bias, bias + out, y + row * out);
  multiply({x, in}, {weight, in, true}, rows, out, in, {y, out}, 1, bias != nullptr ? 1 : 0);
}

void gradient_of_x(const Sizes& sizes, const float* gradient, const float* weight, float* result) {
  const auto [rows, in, out] = sizes;
  multiply({gradient, out}, {weight, in}, rows, in, out, {result, in});
}

void gradient_of_weight(const Sizes& sizes, const float* gradient, const float* x, float* result) {
  const auto [rows, in, out] = sizes;
  multiply({gradient, out, true}, {x, in}, out, in, rows, {result, in});
}

// The layers of all models. A single model's weight and bias have one dimension less.
struct Layers {
  const at::Tensor &x, &weight;
  const std::vector<std::int64_t>& rows;

  std::int64_t in() const { return x.size(1); }
  std::int64_t out() const { return weight.size(-2); }
  const float* weight_of(std::size_t model) const { return of(weight, model); }

  // The model's part of a tensor whose first dimension is that of the models.
  static float* of(const at::Tensor& all, std::size_t model) {
    return all.data_ptr<float>() + static_cast<std::int64_t>(model) * all.stride(0);
  }

  // Calls work(model, its first row, its sizes).
  template <class Work>
  void for_each(Work work) const {
    std::int64_t first = 0;
    for (std::size_t model = 0; model < rows.size(); ++model) {
      work(model, first, Sizes{rows[model], in(), out()});
      first += rows[model];
    }
  }
};

at::Tensor output(const Layers& layers, const at::Tensor& bias) {
  at::Tensor y = at::empty({layers.x.size(0), layers.out()});
  layers.for_each([&](std::size_t model, std::int64_t first, const Sizes& sizes) {
    output(sizes, layers.x.data_ptr<float>() + first * sizes.in, layers.weight_of(model),
           bias.defined() ? Layers::of(bias, model) : nullptr, y.data_ptr<float>() + first * sizes.out);
  });
  return y;
}

class Linear : public torch::autograd::Function<Linear> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias, const std::vector<std::int64_t>& rows) {
    context->save_for_backward({x, weight});
    context->saved_data["rows"] = rows;
    context->saved_data["needs_grad_x"] = x.requires_grad();
    context->saved_data["needs_grad_weight"] = weight.requires_grad();
    context->saved_data["needs_grad_bias"] = bias.has_value() && bias->requires_grad();
    return output({x, weight, rows}, bias.value_or(at::Tensor()));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], gradient = gradients[0].contiguous();
    const std::vector<std::int64_t> rows = context->saved_data["rows"].toIntVector();
    const Layers layers{x, weight, rows};
    at::Tensor grad_x, grad_weight, grad_bias;
    if (context->saved_data["needs_grad_x"].toBool()) grad_x = at::empty(x.sizes());
    if (context->saved_data["needs_grad_weight"].toBool()) grad_weight = at::empty(weight.sizes());
    if (context->saved_data["needs_grad_bias"].toBool())
      grad_bias = at::empty(weight.sizes().slice(0, weight.dim() - 1));
    std::vector<double> sums(static_cast<std::size_t>(layers.out()));
    layers.for_each([&](std::size_t model, std::int64_t first, const Sizes& sizes) {
      const float* own = gradient.data_ptr<float>() + first * sizes.out;
      if (grad_weight.defined())
        gradient_of_weight(sizes, own, x.data_ptr<float>() + first * sizes.in, Layers::of(grad_weight, model));
      if (grad_x.defined())
        gradient_of_x(sizes, own, layers.weight_of(model), grad_x.data_ptr<float>() + first * sizes.in);
      if (grad_bias.defined()) sum_columns(own, sizes.rows, sizes.out, sums.data(), Layers::of(grad_bias, model));
    });
    return {grad_x, grad_weight, grad_bias, {}};
  }
};

at::Tensor apply(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                 const std::vector<std::int64_t>& rows) {
  if (!at::GradMode::is_enabled()) return output(Layers{x, weight, rows}, bias);
  return Linear::apply(x, weight, bias.defined() ? c10::make_optional(bias) : c10::nullopt, rows);
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!can_multiply() || !x.is_cpu() || x.numel() == 0) return at::linear(x, weight, bias);
  const at::Tensor rows = (x.dim() == 2 ? x : x.flatten(0, -2)).contiguous();
  const at::Tensor y = apply(rows, weight.contiguous(), bias, {rows.size(0)});
  if (x.dim() == 2) return y;
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes.back() = y.size(1);
  return y.view(sizes);
}

at::Tensor grouped_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                          const std::vector<std::int64_t>& rows) {
  return apply(x.contiguous(), weight, bias, rows);
}

}  // namespace msfusion
