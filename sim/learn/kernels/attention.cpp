#include "sim/learn/kernels/attention.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstring>
#include <limits>

#include "sim/base/vectorised.hpp"
#include "sim/learn/kernels/product.hpp"

namespace msfusion {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// [samples, tokens, heads * width] -> [samples, heads, tokens, width]
at::Tensor split_heads(const at::Tensor& x, std::int64_t heads) {
  return x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2);
}

at::Tensor through_libtorch(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                            double divisor, bool causal) {
  const auto tokens = q.size(1);
  at::Tensor scores = at::matmul(split_heads(q, heads), split_heads(k, heads).transpose(-2, -1)).div_(divisor);
  if (causal) {
    const at::Tensor future = at::ones({tokens, tokens}, q.options().dtype(at::kBool)).triu_(1);
    scores = scores.masked_fill(future, -std::numeric_limits<double>::infinity());
  }
  const at::Tensor mixed = at::matmul(at::softmax(scores, -1), split_heads(v, heads));
  return mixed.transpose(1, 2).reshape({q.size(0), tokens, v.size(2)});
}

// The compiler turns loops over lanes into vector instructions; sums have the same order on every processor.
constexpr std::int64_t kLanes = 16;

template <class Sum>
float over_lanes(const float* lanes, Sum sum) {
  float all = lanes[0];
  for (std::int64_t lane = 1; lane < kLanes; ++lane) all = sum(all, lanes[lane]);
  return all;
}

// e^x for x <= 0, to two units in the last place: 2^n e^r with |r| <= ln 2 / 2, whose Taylor series ends at r^7.
inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504F, kLn2High = 0.693359375F, kLn2Low = -2.12194440e-4F, kRound = 12582912.0F;
  x = x < -87.0F ? -87.0F : x;
  const float n = (x * kLog2E + kRound) - kRound;
  const float r = (x - n * kLn2High) - n * kLn2Low;
  float y = 1.0F / 5040;
  for (const float factor : {1.0F / 720, 1.0F / 120, 1.0F / 24, 1.0F / 6, 0.5F, 1.0F, 1.0F}) y = y * r + factor;
  // Unsigned, because of the number that becomes of a NaN.
  const std::uint32_t bits = static_cast<std::uint32_t>(static_cast<std::int32_t>(n) + 127) << 23;
  float power;
  std::memcpy(&power, &bits, sizeof power);
  return y * power;
}

// Softmax of a row's first `seen` columns, in place; the others become 0.
MSFUSION_VECTORISED void softmax(float* row, std::int64_t seen, std::int64_t columns) {
  float lanes[kLanes];
  std::fill(lanes, lanes + kLanes, row[0]);
  std::int64_t c = 0;
  for (; c + kLanes <= seen; c += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = lanes[lane] > row[c + lane] ? lanes[lane] : row[c + lane];
  for (; c < seen; ++c) lanes[0] = lanes[0] > row[c] ? lanes[0] : row[c];
  const float largest = over_lanes(lanes, [](float a, float b) { return a > b ? a : b; });
  for (c = 0; c < seen; ++c) row[c] = exponential(row[c] - largest);
  std::fill(lanes, lanes + kLanes, 0.0F);
  for (c = 0; c + kLanes <= seen; c += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += row[c + lane];
  for (; c < seen; ++c) lanes[0] += row[c];
  const float factor = 1 / over_lanes(lanes, [](float a, float b) { return a + b; });
  for (c = 0; c < seen; ++c) row[c] *= factor;
  std::fill(row + seen, row + columns, 0.0F);
}

// Turns the gradient of softmax's result into that of its input, in place: s (g - sum of s g).
MSFUSION_VECTORISED void softmax_backward(const float* shares, float* gradient, std::int64_t seen,
                                          std::int64_t columns) {
  float lanes[kLanes] = {};
  std::int64_t c = 0;
  for (; c + kLanes <= seen; c += kLanes)
    for (std::int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] += shares[c + lane] * gradient[c + lane];
  for (; c < seen; ++c) lanes[0] += shares[c] * gradient[c];
  const float sum = over_lanes(lanes, [](float a, float b) { return a + b; });
  for (c = 0; c < seen; ++c) gradient[c] = shares[c] * (gradient[c] - sum);
  std::fill(gradient + seen, gradient + columns, 0.0F);
}

// One head of one sample: a few columns of a tensor's rows.
struct Head {
  float* values;
  std::int64_t row, width;

  Head(const at::Tensor& all, std::int64_t sample, std::int64_t head, std::int64_t heads)
      : values(all.data_ptr<float>() + sample * all.size(1) * all.size(2) + head * (all.size(2) / heads)),
        row(all.size(2)),
        width(all.size(2) / heads) {}

  operator Matrix() const { return {values, row}; }
  operator Target() const { return {values, row}; }
  Matrix transposed() const { return {values, row, true}; }
};

// A [tokens, tokens] matrix of one head of one sample.
struct Square {
  float* values;
  std::int64_t tokens;

  Square(const at::Tensor& all, std::int64_t sample, std::int64_t head)
      : values(all.data_ptr<float>() + (sample * all.size(1) + head) * all.size(2) * all.size(3)),
        tokens(all.size(3)) {}

  operator Matrix() const { return {values, tokens}; }
  operator Target() const { return {values, tokens}; }
  Matrix transposed() const { return {values, tokens, true}; }
  float* row_of(std::int64_t token) const { return values + token * tokens; }
};

template <class Work>
void for_each_head(const at::Tensor& squares, Work work) {
  for (std::int64_t sample = 0; sample < squares.size(0); ++sample)
    for (std::int64_t head = 0; head < squares.size(1); ++head) work(sample, head);
}

// The attention weights: [samples, heads, tokens, tokens].
at::Tensor shares_of(const at::Tensor& q, const at::Tensor& k, std::int64_t heads, double divisor, bool causal) {
  const std::int64_t tokens = q.size(1);
  const at::Tensor shares = at::empty({q.size(0), heads, tokens, tokens});
  for_each_head(shares, [&](std::int64_t sample, std::int64_t head) {
    const Head own(q, sample, head, heads), other(k, sample, head, heads);
    const Square square(shares, sample, head);
    multiply(own, other.transposed(), tokens, tokens, own.width, square, static_cast<float>(1 / divisor));
    for (std::int64_t token = 0; token < tokens; ++token)
      softmax(square.row_of(token), causal ? token + 1 : tokens, tokens);
  });
  return shares;
}

at::Tensor mix(const at::Tensor& shares, const at::Tensor& v) {
  const std::int64_t heads = shares.size(1), tokens = shares.size(2);
  at::Tensor mixed = at::empty(v.sizes());
  for_each_head(shares, [&](std::int64_t sample, std::int64_t head) {
    const Head head_of_v(v, sample, head, heads);
    multiply(Square(shares, sample, head), head_of_v, tokens, head_of_v.width, tokens,
             Head(mixed, sample, head, heads));
  });
  return mixed;
}

class Attend : public torch::autograd::Function<Attend> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::int64_t heads, double divisor, bool causal) {
    const at::Tensor shares = shares_of(q, k, heads, divisor, causal);
    context->save_for_backward({q, k, v, shares});
    context->saved_data["divisor"] = divisor;
    context->saved_data["causal"] = causal;
    return mix(shares, v);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const auto saved = context->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &shares = saved[3];
    const at::Tensor gradient = gradients[0].contiguous();
    const std::int64_t heads = shares.size(1), tokens = shares.size(2);
    const bool causal = context->saved_data["causal"].toBool();
    const auto factor = static_cast<float>(1 / context->saved_data["divisor"].toDouble());
    const at::Tensor grad_q = at::empty(q.sizes()), grad_k = at::empty(k.sizes()), grad_v = at::empty(v.sizes());
    const at::Tensor square = at::empty({1, 1, tokens, tokens});  // one head's scores fit the cache
    const Square of_scores(square, 0, 0);
    for_each_head(shares, [&](std::int64_t sample, std::int64_t head) {
      const Square own(shares, sample, head);
      const Head from(gradient, sample, head, heads), from_v(v, sample, head, heads);
      multiply(own.transposed(), from, tokens, from.width, tokens, Head(grad_v, sample, head, heads));
      multiply(from, from_v.transposed(), tokens, tokens, from.width, of_scores);
      for (std::int64_t token = 0; token < tokens; ++token)
        softmax_backward(own.row_of(token), of_scores.row_of(token), causal ? token + 1 : tokens, tokens);
      const Head from_q(q, sample, head, heads), from_k(k, sample, head, heads);
      multiply(of_scores, from_k, tokens, from_k.width, tokens, Head(grad_q, sample, head, heads), factor);
      multiply(of_scores.transposed(), from_q, tokens, from_q.width, tokens, Head(grad_k, sample, head, heads), factor);
    });
    return {grad_q, grad_k, grad_v, {}, {}, {}};
  }
};

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads, double divisor,
                     bool causal) {
  if (!can_multiply() || !q.is_cpu()) return through_libtorch(q, k, v, heads, divisor, causal);
  if (!at::GradMode::is_enabled())
    return mix(shares_of(q.contiguous(), k.contiguous(), heads, divisor, causal), v.contiguous());
  return Attend::apply(q.contiguous(), k.contiguous(), v.contiguous(), heads, divisor, causal);
}

}  // namespace msfusion
