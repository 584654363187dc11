#include "sim/learn/linear.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <thread>

#include "sim/learn/product.hpp"
#include "sim/learn/runtime.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

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

struct Values {
  at::Tensor x, weight, bias, y, of_x, of_weight, of_bias;
};

template <class Layer>
Values values_of(const Case& c, at::ScalarType type, Layer layer) {
  use_one_thread();
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(5);
  const auto normal = [&](at::IntArrayRef sizes) { return at::empty(sizes).normal_(0, 1, random).to(type); };
  std::vector<std::int64_t> sizes = c.rows;
  sizes.push_back(c.in);
  Values v;
  v.x = normal(sizes).requires_grad_();
  v.weight = normal({c.out, c.in}).requires_grad_();
  if (c.bias) v.bias = normal({c.out}).requires_grad_();
  v.y = layer(v.x, v.weight, v.bias);
  v.y.backward(normal(v.y.sizes()));
  v.of_x = v.x.grad();
  v.of_weight = v.weight.grad();
  if (c.bias) v.of_bias = v.bias.grad();
  return v;
}

double distance(const at::Tensor& found, const at::Tensor& exact) {
  REQUIRE(found.sizes() == exact.sizes());
  return ((found.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

at::Tensor exactly(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return at::linear(x, weight, bias);
}

}  // namespace

TEST_CASE("a linear layer and its gradients are those of exact arithmetic up to rounding") {
  for (const Case& c : kCases) {
    CAPTURE(c.rows, c.in, c.out, c.bias);
    const Values found = values_of(c, at::kFloat, linear), exact = values_of(c, at::kDouble, exactly);
    REQUIRE(distance(found.y, exact.y) < 1e-6);
    REQUIRE(distance(found.of_x, exact.of_x) < 1e-6);
    REQUIRE(distance(found.of_weight, exact.of_weight) < 1e-6);
    if (c.bias) REQUIRE(distance(found.of_bias, exact.of_bias) < 1e-6);
  }
}

TEST_CASE("a linear layer has the same bits in every thread, with and without a gradient, and however x lies") {
  for (const Case& c : kCases) {
    CAPTURE(c.rows, c.in, c.out, c.bias);
    const Values here = values_of(c, at::kFloat, linear);
    Values there;
    std::thread([&] { there = values_of(c, at::kFloat, linear); }).join();
    REQUIRE(at::equal(here.y, there.y));
    REQUIRE(at::equal(here.of_x, there.of_x));
    REQUIRE(at::equal(here.of_weight, there.of_weight));
    const torch::autograd::AutoGradMode no_gradient(false);
    if (!can_multiply()) continue;  // LibTorch's bits depend on how x lies
    REQUIRE(at::equal(here.y, linear(here.x.transpose(0, -1).contiguous().transpose(0, -1), here.weight, here.bias)));
  }
}

TEST_CASE("the weights of a layer whose input needs no gradient get theirs") {
  const Case c{{10}, 40, 30, true};
  const Values all = values_of(c, at::kFloat, linear);
  const Values rest = values_of(c, at::kFloat, [](const at::Tensor& x, const at::Tensor& w, const at::Tensor& b) {
    return linear(x.detach(), w, b);
  });
  REQUIRE(at::equal(rest.of_weight, all.of_weight));
  REQUIRE(at::equal(rest.of_bias, all.of_bias));
}

TEST_CASE("layers of several models at once have the bits of each alone") {
  if (!ignores_alignment()) return;
  use_one_thread();
  // Rows on both sides of what decides about the kernel, small and large products, sums in several pieces.
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
