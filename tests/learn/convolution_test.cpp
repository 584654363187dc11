#include "sim/learn/convolution.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <thread>

#include "sim/learn/runtime.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

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

struct Values {
  at::Tensor x, weight, bias, y, of_x, of_weight, of_bias;
};

template <class Convolve>
Values values_of(const Case& c, at::ScalarType type, Convolve convolve) {
  use_one_thread();  // a thread's primitives are made for the threads that it may use at first
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(5);
  const auto normal = [&](at::IntArrayRef sizes) {
    return at::empty(sizes)
        .normal_(0, 1, random)
        .to(type)
        .contiguous(sizes.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  };
  Values v;
  v.x = normal({c.samples, c.in, c.side, c.side}).requires_grad_();
  v.weight = normal({c.out, c.in, c.kernel, c.kernel}).requires_grad_();
  if (c.bias) v.bias = normal({c.out}).requires_grad_();
  v.y = convolve(v.x, v.weight, v.bias, c.stride, c.padding);
  v.y.backward(normal(v.y.sizes()));
  v.of_x = v.x.grad();
  v.of_weight = v.weight.grad();
  if (c.bias) v.of_bias = v.bias.grad();
  return v;
}

double distance(const at::Tensor& found, const at::Tensor& exact) {
  return ((found.to(at::kDouble) - exact).norm() / exact.norm()).item<double>();
}

at::Tensor exactly(const at::Tensor& x, const at::Tensor& w, const at::Tensor& b, std::int64_t s, std::int64_t p) {
  return at::conv2d(x, w, b, s, p);
}

}  // namespace

TEST_CASE("a convolution and its gradients are those of exact arithmetic up to rounding") {
  for (const Case& c : kCases) {
    CAPTURE(c.in, c.out, c.side, c.kernel, c.stride, c.padding, c.bias);
    const Values found = values_of(c, at::kFloat, convolution), exact = values_of(c, at::kDouble, exactly);
    REQUIRE(found.y.is_contiguous(at::MemoryFormat::ChannelsLast));
    REQUIRE(distance(found.y, exact.y) < 5e-6);
    REQUIRE(distance(found.of_x, exact.of_x) < 5e-6);
    REQUIRE(distance(found.of_weight, exact.of_weight) < 5e-6);
    if (c.bias) REQUIRE(distance(found.of_bias, exact.of_bias) < 5e-6);
  }
}

TEST_CASE(
    "a convolution has the same bits in every thread, with and without a gradient, and for inputs of any format") {
  for (const Case& c : kCases) {
    CAPTURE(c.in, c.out, c.side);
    const Values here = values_of(c, at::kFloat, convolution);
    Values there;
    std::thread([&] { there = values_of(c, at::kFloat, convolution); }).join();
    REQUIRE(at::equal(here.y, there.y));
    REQUIRE(at::equal(here.of_x, there.of_x));
    REQUIRE(at::equal(here.of_weight, there.of_weight));
    const torch::autograd::AutoGradMode no_gradient(false);
    REQUIRE(
        at::equal(here.y, convolution(here.x.contiguous(), here.weight.contiguous(), here.bias, c.stride, c.padding)));
  }
}

TEST_CASE("an input without a gradient gets none, and the weights theirs") {
  const at::Tensor x = at::ones({2, 3, 5, 5});
  at::Tensor weight = at::ones({4, 3, 3, 3}).requires_grad_();
  convolution(x, weight, {}, 1, 1).sum().backward();
  REQUIRE_FALSE(x.grad().defined());
  REQUIRE(weight.grad()[0][0][1][1].item<double>() == 50);
  REQUIRE(weight.grad()[3][2][0][0].item<double>() == 32);
}
