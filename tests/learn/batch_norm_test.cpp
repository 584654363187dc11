#include "sim/learn/batch_norm.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

struct Case {
  std::int64_t samples, channels, height, width;
};

// Channels that fill vector registers and that do not, fewer rows than a period has, and more than a chunk.
const std::vector<Case> kCases = {{1, 4, 1, 3},   {2, 1, 5, 5},     {3, 5, 7, 4},   {8, 12, 9, 9},  {4, 16, 8, 8},
                                  {6, 33, 12, 5}, {16, 64, 14, 14}, {2, 300, 3, 3}, {40, 8, 28, 28}};

struct Values {
  at::Tensor x, weight, bias, y, of_x, of_weight, of_bias;
};

template <class Norm>
Values values_of(const Case& c, at::ScalarType type, double offset, Norm norm) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(7);
  const auto normal = [&](at::IntArrayRef sizes) { return at::empty(sizes).normal_(0, 1, random); };
  const std::vector<std::int64_t> sizes = {c.samples, c.channels, c.height, c.width};
  Values v;
  v.x = normal(sizes).add_(offset).to(type).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  v.weight = normal({c.channels}).to(type).requires_grad_();
  v.bias = normal({c.channels}).to(type).requires_grad_();
  v.y = norm(v.x, v.weight, v.bias);
  v.y.backward(normal(sizes).to(type));
  v.of_x = v.x.grad();
  v.of_weight = v.weight.grad();
  v.of_bias = v.bias.grad();
  return v;
}

double distance(const at::Tensor& found, const at::Tensor& exact) {
  return ((found.to(at::kDouble) - exact).norm() / exact.norm().clamp_min(1e-3)).item<double>();
}

}  // namespace

TEST_CASE("a batch norm and its gradients are those of exact arithmetic up to rounding, with and without its ReLU") {
  for (const Case& c : kCases)
    for (const AfterNorm after : {AfterNorm::nothing, AfterNorm::relu}) {
      CAPTURE(c.samples, c.channels, c.height, c.width, after == AfterNorm::relu);
      const Values found = values_of(c, at::kFloat, 0.5, [&](const auto& x, const auto& weight, const auto& bias) {
        return batch_norm(x, weight, bias, 1e-3, after);
      });
      const Values exact = values_of(c, at::kDouble, 0.5, [&](const auto& x, const auto& weight, const auto& bias) {
        const at::Tensor y = at::batch_norm(x, weight, bias, {}, {}, true, 0, 1e-3, false);
        return after == AfterNorm::relu ? at::relu(y) : y;
      });
      REQUIRE(found.y.is_contiguous(at::MemoryFormat::ChannelsLast));
      REQUIRE(distance(found.y, exact.y) < 2e-6);
      REQUIRE(distance(found.of_x, exact.of_x) < 1e-5);
      REQUIRE(distance(found.of_weight, exact.of_weight) < 1e-5);
      REQUIRE(distance(found.of_bias, exact.of_bias) < 1e-5);
    }
}

TEST_CASE("values far from zero keep their variance") {
  const Values found = values_of({40, 12, 20, 20}, at::kFloat, 1000, [](const auto& x, const auto& w, const auto& b) {
    return batch_norm(x, w, b, 1e-5, AfterNorm::nothing);
  });
  const at::Tensor normed = (found.y - found.bias.view({1, 12, 1, 1})) / found.weight.view({1, 12, 1, 1});
  REQUIRE(normed.var().item<double>() == Approx(1).epsilon(1e-3));
}

TEST_CASE("a batch norm without a gradient has the bits of one with it, whatever the memory format") {
  for (const Case& c : kCases) {
    CAPTURE(c.channels);
    const auto normed = [](const auto& x, const auto& w, const auto& b) {
      return batch_norm(x, w, b, 1e-5, AfterNorm::relu);
    };
    const Values with = values_of(c, at::kFloat, 0, normed);
    const torch::autograd::AutoGradMode no_gradient(false);
    REQUIRE(at::equal(normed(with.x, with.weight, with.bias), with.y));
    REQUIRE(at::equal(normed(with.x.contiguous(), with.weight, with.bias), with.y));
  }
}

TEST_CASE("a channel that is constant stays at its bias, and a not-a-number stays one behind the ReLU") {
  at::Tensor x = at::ones({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor weight = at::ones({3}), bias = at::full({3}, 0.25);
  CHECK(at::allclose(batch_norm(x, weight, bias, 1e-5, AfterNorm::relu), at::full({2, 3, 4, 4}, 0.25)));
  x[1][2][3][3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor y = batch_norm(x, weight, bias, 1e-5, AfterNorm::relu);
  CHECK(at::isnan(y.select(1, 2)).all().item<bool>());
  CHECK_FALSE(at::isnan(y.narrow(1, 0, 2)).any().item<bool>());
}
