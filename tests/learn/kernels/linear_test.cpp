#include "sim/learn/kernels/linear.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <thread>

#include "sim/learn/kernels/product.hpp"
#include "tests/learn/kernels/layer.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

struct Case {
  std::vector<std::int64_t> rows;
  std::int64_t in, out;
  bool bias;
};

// Small and large products, few and many rows and outputs, sums in one piece and in several.
const std::vector<Case> kCases = {
    {{1}, 1, 1, true},        {{3}, 7, 5, false},     {{10}, 784, 50, true},    {{10}, 300, 200, true},
    {{10}, 3136, 64, false},  {{32}, 784, 50, true},  {{20}, 1601, 128, true},  {{16}, 768, 128, false},
    {{33}, 1537, 100, false}, {{200}, 256, 10, true}, {{4, 9}, 128, 300, true},
};

template <class Layer>
LayerValues values_of(const Case& c, at::ScalarType type, Layer layer) {
  std::vector<std::int64_t> x_sizes = c.rows;
  x_sizes.push_back(c.in);
  return layer_values(x_sizes, {c.out, c.in}, c.bias, type, layer);
}

at::Tensor exactly(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::linear(x, weight, bias);
}

}  // namespace

TEST_CASE("a linear layer and its gradients are exact up to rounding") {
  for (const Case& c : kCases) {
    CAPTURE(c.rows, c.in, c.out, c.bias);
    require_close(values_of(c, at::kFloat, linear), values_of(c, at::kDouble, exactly), 1e-6);
  }
}

TEST_CASE(
    "a linear layer has the same bits in every thread, with and without a gradient, and in any memory order of x") {
  for (const Case& c : kCases) {
    CAPTURE(c.rows, c.in, c.out, c.bias);
    const LayerValues here = values_of(c, at::kFloat, linear);
    LayerValues there;
    std::thread([&] { there = values_of(c, at::kFloat, linear); }).join();
    require_same_bits(there, here);
    const torch::autograd::AutoGradMode no_gradient(false);
    if (!can_multiply()) continue;  // LibTorch's bits depend on the memory order of x
    REQUIRE(at::equal(here.y, linear(here.x.transpose(0, -1).contiguous().transpose(0, -1), here.weight, here.bias)));
  }
}

TEST_CASE("weights get their gradient when the input needs none") {
  const Case c{{10}, 40, 30, true};
  const LayerValues all = values_of(c, at::kFloat, linear);
  const LayerValues rest = values_of(c, at::kFloat, [](const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
    return linear(x.detach(), w, b);
  });
  REQUIRE(at::equal(rest.grad_weight, all.grad_weight));
  REQUIRE(at::equal(rest.grad_bias, all.grad_bias));
}

TEST_CASE("grouped layers have the bits of each model's layer alone") {
  if (!ignores_alignment()) return;
  use_one_thread();
  // Rows on both sides of the choice of a kernel, small and large products, sums in several pieces.
  for (const auto& [in, out, bias] : {std::tuple(36, 12, true), std::tuple(784, 50, true), std::tuple(1601, 128, false),
                                      std::tuple(3136, 65, true)}) {
    CAPTURE(in, out, bias);
    const std::vector<std::int64_t> rows = {10, 3, 33, 16, 1};
    at::Generator random = at::make_generator<at::CPUGeneratorImpl>(5);
    const auto normal = [&](at::IntArrayRef sizes) { return at::empty(sizes).normal_(0, 1, random); };
    const at::Tensor x = normal({63, in}).requires_grad_();
    // Each model's weights lie in its own row of a wider buffer.
    const at::Tensor buffer = normal({5, out * in + 7});
    const at::Tensor weight = buffer.narrow(1, 0, out * in).view({5, out, in}).detach().requires_grad_();
    const at::Tensor biases = bias ? normal({5, out}).requires_grad_() : at::Tensor();
    const at::Tensor gradient = normal({63, out});
    const at::Tensor y = grouped_linear(x, weight, biases, rows);
    y.backward(gradient);
    std::int64_t first = 0;
    for (std::int64_t model = 0; model < 5; ++model) {
      const std::int64_t count = rows[static_cast<std::size_t>(model)];
      const auto part = [&](const at::Tensor& all) { return all.narrow(0, first, count); };
      const at::Tensor own_x = part(x).detach().clone().requires_grad_(),
                       own_weight = weight[model].detach().clone().requires_grad_(),
                       own_bias = bias ? biases[model].detach().clone().requires_grad_() : at::Tensor();
      const at::Tensor own_y = linear(own_x, own_weight, own_bias);
      own_y.backward(part(gradient));
      REQUIRE(at::equal(part(y), own_y));
      REQUIRE(at::equal(part(x.grad()), own_x.grad()));
      REQUIRE(at::equal(weight.grad()[model], own_weight.grad()));
      if (bias) REQUIRE(at::equal(biases.grad()[model], own_bias.grad()));
      first += count;
    }
  }
}
