#include "sim/learn/kernels/batch_norm.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "sim/base/vectorised.hpp"
#include "sim/learn/kernels/channels_last.hpp"

namespace msfusion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// In channels_last memory the channels of one position are neighbours: [rows][channels]. Several rows form a
// period, whose length is a multiple of a vector register for any number of channels. Per-channel values are repeated
// to fill one period.
constexpr std::int64_t kVector = 16, kShortestPeriod = 128;
constexpr std::int64_t kChunk = 16384;  // floats that fit the cache; sums within a chunk are floats

MSFUSION_VECTORISED void add(const float* x, std::int64_t rows, std::int64_t length, float* __restrict sums) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < length; ++i) sums[i] += x[r * length + i];
}

MSFUSION_VECTORISED void add_squares(const float* x, std::int64_t rows, std::int64_t length, const float* mean,
                                     float* __restrict sums) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < length; ++i) {
      const float distance = x[r * length + i] - mean[i];
      sums[i] += distance * distance;
    }
}

MSFUSION_VECTORISED void scale(const float* x, std::int64_t rows, std::int64_t length, const float* factor,
                               const float* shift, bool relu, float* __restrict y) {
  for (std::int64_t r = 0; r < rows; ++r)
    if (relu) {
      for (std::int64_t i = 0; i < length; ++i) {
        const float value = x[r * length + i] * factor[i] + shift[i];
        y[r * length + i] = value < 0 ? 0 : value;  // NaN stays NaN
      }
    } else {
      for (std::int64_t i = 0; i < length; ++i) y[r * length + i] = x[r * length + i] * factor[i] + shift[i];
    }
}

// Sums of the gradient, and of its products with the distance from the mean. `factor` and `shift` tell
// where the ReLU was closed; without a ReLU they are 0 and 1.
MSFUSION_VECTORISED void add_gradients(const float* x, const float* gradient, std::int64_t rows, std::int64_t length,
                                       const float* mean, const float* factor, const float* shift,
                                       float* __restrict sums, float* __restrict products) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < length; ++i) {
      const float value = x[r * length + i], arrived = gradient[r * length + i];
      const float g = value * factor[i] + shift[i] > 0 ? arrived : 0;
      sums[i] += g;
      products[i] += g * (value - mean[i]);
    }
}

// grad_x = g * by_gradient + x * by_value + constant
MSFUSION_VECTORISED void gradient_of_x(const float* x, const float* gradient, std::int64_t rows, std::int64_t length,
                                       const float* factor, const float* shift, const float* by_gradient,
                                       const float* by_value, const float* constant, float* __restrict grad_x) {
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < length; ++i) {
      const float value = x[r * length + i], arrived = gradient[r * length + i];
      const float g = value * factor[i] + shift[i] > 0 ? arrived : 0;
      grad_x[r * length + i] = g * by_gradient[i] + (value * by_value[i] + constant[i]);
    }
}

/// The rows of one tensor in memory.
class Rows {
 public:
  explicit Rows(const at::Tensor& x)
      : channels_(x.size(1)), rows_(x.numel() / channels_), rows_per_period_(kVector / std::gcd(kVector, channels_)) {
    while (rows_per_period_ * channels_ < kShortestPeriod) rows_per_period_ *= 2;
  }

  std::int64_t channels() const { return channels_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t period() const { return rows_per_period_ * channels_; }

  std::vector<float> repeated(const std::vector<double>& values) const {
    std::vector<float> result(static_cast<std::size_t>(period()));
    for (auto row = result.begin(); row != result.end(); row += channels_)
      std::transform(values.begin(), values.end(), row, [](double value) { return static_cast<float>(value); });
    return result;
  }
  std::vector<float> sums() const { return std::vector<float>(static_cast<std::size_t>(period())); }

  /// Adds a period's values to their channels' sums and clears it.
  void fold(std::vector<float>& period, std::vector<double>& into) const {
    for (auto row = period.begin(); row != period.end(); row += channels_)
      std::transform(into.begin(), into.end(), row, into.begin(), [](double sum, float part) { return sum + part; });
    std::fill(period.begin(), period.end(), 0.0F);
  }

  /// work(first float, periods, length of a period): chunk by chunk; the rows left over form a shorter period at the
  /// end.
  template <class Work>
  void for_each_chunk(Work work) const {
    const std::int64_t whole = rows_ / rows_per_period_, most = std::max<std::int64_t>(1, kChunk / period());
    for (std::int64_t first = 0; first < whole; first += most)
      work(first * period(), std::min(most, whole - first), period());
    if (const std::int64_t rest = rows_ % rows_per_period_; rest > 0) work(whole * period(), 1, rest * channels_);
  }

 private:
  std::int64_t channels_, rows_, rows_per_period_;
};

std::vector<double> zeros(const Rows& rows) {
  return std::vector<double>(static_cast<std::size_t>(rows.channels()));
}

struct Moments {
  std::vector<double> mean, inverse_deviation;
};

// While a chunk is in the cache: its mean, then the squared distances from it. Chunks are combined exactly (Chan, Golub
// and LeVeque 1983).
Moments moments_of(const Rows& rows, const float* x, double epsilon) {
  Moments all{zeros(rows), zeros(rows)};
  std::vector<double> squares = zeros(rows);
  std::vector<float> period = rows.sums();
  double seen = 0;
  rows.for_each_chunk([&](std::int64_t first, std::int64_t periods, std::int64_t length) {
    const double count = static_cast<double>(periods * length) / static_cast<double>(rows.channels());
    std::vector<double> mean = zeros(rows);
    add(x + first, periods, length, period.data());
    rows.fold(period, mean);
    for (double& value : mean) value /= count;
    const std::vector<float> near = rows.repeated(mean);
    add_squares(x + first, periods, length, near.data(), period.data());
    rows.fold(period, squares);
    for (std::size_t c = 0; c < mean.size(); ++c) {
      const double apart = mean[c] - all.mean[c];
      squares[c] += apart * apart * seen * count / (seen + count);
      all.mean[c] += apart * count / (seen + count);
    }
    seen += count;
  });
  for (std::size_t c = 0; c < squares.size(); ++c)
    all.inverse_deviation[c] = 1 / std::sqrt(squares[c] / seen + epsilon);
  return all;
}

std::vector<double> as_doubles(const at::Tensor& values) {
  const at::Tensor dense = values.contiguous();
  return {dense.data_ptr<float>(), dense.data_ptr<float>() + dense.numel()};
}

at::Tensor as_tensor(const std::vector<double>& values) {
  at::Tensor result = at::empty({static_cast<std::int64_t>(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), result.data_ptr<float>());
  return result;
}

/// The line y = factor x + shift of every channel.
struct Line {
  std::vector<double> factor, shift;
};
Line line_of(const Moments& moments, const std::vector<double>& weight, const std::vector<double>& bias) {
  Line line{moments.inverse_deviation, bias};
  for (std::size_t c = 0; c < weight.size(); ++c) {
    line.factor[c] *= weight[c];
    line.shift[c] -= moments.mean[c] * line.factor[c];
  }
  return line;
}

struct Normed {
  at::Tensor x, y;
  Moments moments;
  Line line;
};

Normed normed(const at::Tensor& given, const at::Tensor& weight, const at::Tensor& bias, double epsilon, bool relu) {
  Normed result{channels_last(given), {}, {}, {}};
  result.y = at::empty_like(result.x);
  const Rows rows(result.x);
  const float* x = result.x.data_ptr<float>();
  float* y = result.y.data_ptr<float>();
  result.moments = moments_of(rows, x, epsilon);
  result.line = line_of(result.moments, as_doubles(weight), as_doubles(bias));
  const std::vector<float> factor = rows.repeated(result.line.factor), shift = rows.repeated(result.line.shift);
  rows.for_each_chunk([&](std::int64_t first, std::int64_t periods, std::int64_t length) {
    scale(x + first, periods, length, factor.data(), shift.data(), relu, y + first);
  });
  return result;
}

class BatchNormFunction : public torch::autograd::Function<BatchNormFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& bias, double epsilon, bool relu) {
    Normed result = normed(x, weight, bias, epsilon, relu);
    context->save_for_backward({result.x, weight});
    context->saved_data["mean"] = std::move(result.moments.mean);
    context->saved_data["inverse_deviation"] = std::move(result.moments.inverse_deviation);
    context->saved_data["factor"] = std::move(result.line.factor);
    context->saved_data["shift"] = std::move(result.line.shift);
    context->saved_data["relu"] = relu;
    return result.y;
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const auto values = [&](const char* name) { return context->saved_data[name].toDoubleVector(); };
    const std::vector<double> mean = values("mean"), inverse = values("inverse_deviation");
    const at::Tensor gradient = channels_last(gradients[0]);
    const Rows rows(saved[0]);
    const float *x = saved[0].data_ptr<float>(), *g = gradient.data_ptr<float>();
    const bool relu = context->saved_data["relu"].toBool();
    const std::vector<float> factor = rows.repeated(relu ? values("factor") : zeros(rows));
    const std::vector<float> shift = rows.repeated(relu ? values("shift") : std::vector<double>(mean.size(), 1.0));

    std::vector<double> grad_bias = zeros(rows), grad_weight = zeros(rows);
    const std::vector<float> means = rows.repeated(mean);
    std::vector<float> sums = rows.sums(), products = rows.sums();
    rows.for_each_chunk([&](std::int64_t first, std::int64_t periods, std::int64_t length) {
      add_gradients(x + first, g + first, periods, length, means.data(), factor.data(), shift.data(), sums.data(),
                    products.data());
      rows.fold(sums, grad_bias);
      rows.fold(products, grad_weight);
    });
    for (std::size_t c = 0; c < grad_weight.size(); ++c) grad_weight[c] *= inverse[c];

    at::Tensor grad_x;
    if (context->needs_input_grad(0)) {
      // weight / deviation * (g - mean(g) - normed_x * mean(g * normed_x))
      std::vector<double> by_gradient = as_doubles(saved[1]), by_value = zeros(rows), constant = zeros(rows);
      const auto count = static_cast<double>(rows.rows());
      for (std::size_t c = 0; c < mean.size(); ++c) {
        by_gradient[c] *= inverse[c];
        by_value[c] = -by_gradient[c] * inverse[c] * grad_weight[c] / count;
        constant[c] = -by_gradient[c] * grad_bias[c] / count - by_value[c] * mean[c];
      }
      grad_x = at::empty_like(saved[0]);
      const std::vector<float> a = rows.repeated(by_gradient), b = rows.repeated(by_value), d = rows.repeated(constant);
      float* out = grad_x.data_ptr<float>();
      rows.for_each_chunk([&](std::int64_t first, std::int64_t periods, std::int64_t length) {
        gradient_of_x(x + first, g + first, periods, length, factor.data(), shift.data(), a.data(), b.data(), d.data(),
                      out + first);
      });
    }
    return {grad_x, as_tensor(grad_weight), as_tensor(grad_bias), {}, {}};
  }
};

}  // namespace

at::Tensor batch_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double epsilon,
                      AfterNorm after) {
  const bool relu = after == AfterNorm::relu;
  if (!x.is_cpu() || x.scalar_type() != at::kFloat || x.dim() != 4) {
    at::Tensor y = at::batch_norm(x, weight, bias, {}, {}, true, 0, epsilon, false);
    return relu ? y.relu_() : y;
  }
  if (at::GradMode::is_enabled()) return BatchNormFunction::apply(x, weight, bias, epsilon, relu);
  return normed(x, weight, bias, epsilon, relu).y;
}

}  // namespace msfusion
