#include "sim/learn/linear.hpp"

#ifdef MSFUSION_ONEDNN
#include <ATen/core/grad_mode.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <dnnl.hpp>
#include <stdexcept>

namespace msfusion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

enum class Kernel { blas, onednn };

// Measured with OpenBLAS 0.3.21 and oneDNN 2.6.3 on AVX-512, 10 to 640 rows and 64 to 12544 inputs. Up to a million
// multiplications OpenBLAS packs nothing. Beyond, oneDNN is 1.0 to 2.8 times as fast for both gradients; for the output
// only with few rows or many outputs.
constexpr std::int64_t kSmall = 1'000'000, kFewRows = 16, kManyOutputs = 96;

Kernel for_output(std::int64_t rows, std::int64_t in, std::int64_t out) {
  const bool small = rows * in * out <= kSmall, few = rows < kFewRows, many = out >= kManyOutputs;
  return (small ? few && many : few || many) ? Kernel::onednn : Kernel::blas;
}
Kernel for_gradient(std::int64_t rows, std::int64_t in, std::int64_t out) {
  return rows * in * out <= kSmall ? Kernel::blas : Kernel::onednn;
}

// oneDNN's product with a transposed second matrix loses its speed beyond so many terms of a sum.
constexpr std::int64_t kTerms = 768;

// A matrix as it lies in memory, or its transpose.
struct Matrix {
  const float* values;
  std::int64_t row;  // elements from one row in memory to the next
  bool transposed = false;
  char order() const { return transposed ? 'T' : 'N'; }
  Matrix from(std::int64_t column) const { return {values + column, row, transposed}; }
};

void multiply_onednn(const Matrix& a, const Matrix& b, std::int64_t rows, std::int64_t columns, std::int64_t terms,
                     float keep, float* out) {
  if (dnnl_sgemm(a.order(), b.order(), rows, columns, terms, 1, a.values, a.row, b.values, b.row, keep, out, columns) !=
      dnnl_success)
    throw std::runtime_error("oneDNN could not multiply two matrices");
}

// The BLAS that LibTorch brings: which one it is is the system's choice, so it is looked up rather than linked.
using Sgemm = void (*)(const char*, const char*, const int*, const int*, const int*, const float*, const float*,
                       const int*, const float*, const int*, const float*, float*, const int*);

Sgemm blas() {
  static const auto found = reinterpret_cast<Sgemm>(dlsym(RTLD_DEFAULT, "sgemm_"));
  return found;
}

// Its matrices lie by columns: everything is transposed.
void multiply_blas(const Matrix& a, const Matrix& b, std::int64_t rows, std::int64_t columns, std::int64_t terms,
                   float keep, float* out) {
  const char order_a = a.order(), order_b = b.order();
  const int m = static_cast<int>(columns), n = static_cast<int>(rows), k = static_cast<int>(terms);
  const int row_a = static_cast<int>(a.row), row_b = static_cast<int>(b.row);
  const float one = 1;
  blas()(&order_b, &order_a, &m, &n, &k, &one, b.values, &row_b, a.values, &row_a, &keep, out, &m);
}

// out = a b + keep out, of `rows` x `columns`, each a sum of `terms`
void multiply(Kernel kernel, const Matrix& a, const Matrix& b, std::int64_t rows, std::int64_t columns,
              std::int64_t terms, float keep, float* out) {
  if (kernel == Kernel::blas && blas() != nullptr)
    multiply_blas(a, b, rows, columns, terms, keep, out);
  else
    multiply_onednn(a, b, rows, columns, terms, keep, out);
}

at::Tensor output(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const std::int64_t rows = x.size(0), in = x.size(1), out = weight.size(0);
  at::Tensor y = at::empty({rows, out});
  if (bias.defined()) y.copy_(bias);  // into every row
  const Kernel kernel = for_output(rows, in, out);
  const std::int64_t terms = kernel == Kernel::onednn && rows >= kFewRows ? kTerms : in;
  const Matrix a{x.data_ptr<float>(), in}, b{weight.data_ptr<float>(), in, true};
  for (std::int64_t first = 0; first < in; first += terms)
    multiply(kernel, a.from(first), b.from(first), rows, out, std::min(terms, in - first),
             first > 0 || bias.defined() ? 1 : 0, y.data_ptr<float>());
  return y;
}

at::Tensor gradient_of_x(const at::Tensor& gradient, const at::Tensor& weight) {
  const std::int64_t rows = gradient.size(0), in = weight.size(1), out = weight.size(0);
  at::Tensor result = at::empty({rows, in});
  multiply(for_gradient(rows, in, out), {gradient.data_ptr<float>(), out}, {weight.data_ptr<float>(), in}, rows, in,
           out, 0, result.data_ptr<float>());
  return result;
}

at::Tensor gradient_of_weight(const at::Tensor& gradient, const at::Tensor& x) {
  const std::int64_t rows = gradient.size(0), in = x.size(1), out = gradient.size(1);
  at::Tensor result = at::empty({out, in});
  multiply(for_gradient(rows, in, out), {gradient.data_ptr<float>(), out, true}, {x.data_ptr<float>(), in}, out, in,
           rows, 0, result.data_ptr<float>());
  return result;
}

class Linear : public torch::autograd::Function<Linear> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const c10::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["of_x"] = x.requires_grad();
    context->saved_data["of_bias"] = bias.has_value();
    return output(x, weight, bias.value_or(at::Tensor()));
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor gradient = gradients[0].contiguous();
    return {context->saved_data["of_x"].toBool() ? gradient_of_x(gradient, saved[1]) : at::Tensor(),
            gradient_of_weight(gradient, saved[0]),
            context->saved_data["of_bias"].toBool() ? gradient.sum(0) : at::Tensor()};
  }
};

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (!x.is_cpu() || x.numel() == 0) return at::linear(x, weight, bias);
  const at::Tensor rows = (x.dim() == 2 ? x : x.flatten(0, -2)).contiguous(), weights = weight.contiguous();
  const at::Tensor y = at::GradMode::is_enabled()
                           ? Linear::apply(rows, weights, bias.defined() ? c10::make_optional(bias) : c10::nullopt)
                           : output(rows, weights, bias);
  if (x.dim() == 2) return y;
  std::vector<std::int64_t> sizes = x.sizes().vec();
  sizes.back() = y.size(1);
  return y.view(sizes);
}

}  // namespace msfusion

#else

namespace msfusion {

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::linear(x, weight, bias);
}

}  // namespace msfusion

#endif
