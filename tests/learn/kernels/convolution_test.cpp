#include "sim/learn/kernels/convolution.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <thread>

#include "tests/learn/kernels/layer.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

struct Case {
  std::int64_t samples, in, out, side, kernel, stride, padding;
  bool bias;
};

// Few and many channels, odd ones too: with Winograd and without.
const std::vector<Case> kCases = {
    {3, 1, 4, 9, 3, 1, 1, false},    {4, 3, 5, 8, 5, 1, 2, true},     {2, 6, 7, 7, 1, 2, 0, false},
    {5, 32, 32, 12, 3, 1, 1, true},  {5, 32, 48, 14, 3, 1, 0, true},  {8, 25, 40, 9, 3, 1, 1, false},
    {4, 64, 64, 16, 3, 1, 1, false}, {4, 32, 32, 12, 3, 2, 1, false}, {1, 64, 64, 2, 3, 1, 1, false},
};

template <class Convolve>
LayerValues values_of(const Case& c, at::ScalarType type, Convolve convolve) {
  return layer_values({c.samples, c.in, c.side, c.side}, {c.out, c.in, c.kernel, c.kernel}, c.bias, type,
                      [&](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
                        return convolve(x, weight, bias, c.stride, c.padding);
                      });
}

at::Tensor exactly(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b, std::int64_t s, std::int64_t p) {
  return at::conv2d(x, w, b, s, p);
}

}  // namespace

TEST_CASE("a convolution and its gradients are exact up to rounding") {
  for (const Case& c : kCases) {
    CAPTURE(c.in, c.out, c.side, c.kernel, c.stride, c.padding, c.bias);
    const LayerValues found = values_of(c, at::kFloat, convolution);
    REQUIRE(found.y.is_contiguous(at::MemoryFormat::ChannelsLast));
    require_close(found, values_of(c, at::kDouble, exactly), 5e-6);
  }
}

TEST_CASE(
    "a convolution has the same bits in every thread, with and without a gradient, and for inputs of any format") {
  for (const Case& c : kCases) {
    CAPTURE(c.in, c.out, c.side);
    const LayerValues here = values_of(c, at::kFloat, convolution);
    LayerValues there;
    std::thread([&] { there = values_of(c, at::kFloat, convolution); }).join();
    require_same_bits(there, here);
    const torch::autograd::AutoGradMode no_gradient(false);
    REQUIRE(
        at::equal(here.y, convolution(here.x.contiguous(), here.weight.contiguous(), here.bias, c.stride, c.padding)));
  }
}

TEST_CASE("weights get their gradient when the input needs none, and the input gets none") {
  const at::Tensor x = at::ones({2, 3, 5, 5});
  at::Tensor weight = at::ones({4, 3, 3, 3}).requires_grad_();
  convolution(x, weight, {}, 1, 1).sum().backward();
  REQUIRE_FALSE(x.grad().defined());
  REQUIRE(weight.grad()[0][0][1][1].item<double>() == 50);
  REQUIRE(weight.grad()[3][2][0][0].item<double>() == 32);
}
