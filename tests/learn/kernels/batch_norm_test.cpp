#include "sim/learn/kernels/batch_norm.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "tests/learn/kernels/layer.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

struct Case {
  std::int64_t samples, channels, height, width;
};

// Channels that fill vector registers or do not; fewer rows than a period, and more than a chunk.
const std::vector<Case> kCases = {{1, 4, 1, 3},   {2, 1, 5, 5},     {3, 5, 7, 4},   {8, 12, 9, 9},  {4, 16, 8, 8},
                                  {6, 33, 12, 5}, {16, 64, 14, 14}, {2, 300, 3, 3}, {40, 8, 28, 28}};

template <class Norm>
LayerValues values_of(const Case& c, at::ScalarType type, double offset, Norm norm) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(7);
  const auto normal = [&](at::IntArrayRef sizes) { return at::empty(sizes).normal_(0, 1, random); };
  const std::vector<std::int64_t> sizes = {c.samples, c.channels, c.height, c.width};
  LayerValues v;
  v.x = normal(sizes).add_(offset).to(type).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
  v.weight = normal({c.channels}).to(type).requires_grad_();
  v.bias = normal({c.channels}).to(type).requires_grad_();
  v.y = norm(v.x, v.weight, v.bias);
  v.y.backward(normal(sizes).to(type));
  v.grad_x = v.x.grad();
  v.grad_weight = v.weight.grad();
  v.grad_bias = v.bias.grad();
  return v;
}

}  // namespace

TEST_CASE("a batch norm and its gradients are exact up to rounding, with and without its ReLU") {
  for (const Case& c : kCases)
    for (const AfterNorm after : {AfterNorm::nothing, AfterNorm::relu}) {
      CAPTURE(c.samples, c.channels, c.height, c.width, after == AfterNorm::relu);
      const LayerValues found = values_of(c, at::kFloat, 0.5, [&](const auto& x, const auto& weight, const auto& bias) {
        return batch_norm(x, weight, bias, 1e-3, after);
      });
      const LayerValues exact =
          values_of(c, at::kDouble, 0.5, [&](const auto& x, const auto& weight, const auto& bias) {
            const at::Tensor y = at::batch_norm(x, weight, bias, {}, {}, true, 0, 1e-3, false);
            return after == AfterNorm::relu ? at::relu(y) : y;
          });
      REQUIRE(found.y.is_contiguous(at::MemoryFormat::ChannelsLast));
      REQUIRE(distance(found.y, exact.y) < 2e-6);
      REQUIRE(distance(found.grad_x, exact.grad_x) < 1e-5);
      REQUIRE(distance(found.grad_weight, exact.grad_weight) < 1e-5);
      REQUIRE(distance(found.grad_bias, exact.grad_bias) < 1e-5);
    }
}

TEST_CASE("values far from zero keep their variance") {
  const LayerValues found = values_of(
      {40, 12, 20, 20}, at::kFloat, 1000,
      [](const auto& x, const auto& w, const auto& b) { return batch_norm(x, w, b, 1e-5, AfterNorm::nothing); });
  const at::Tensor normed = (found.y - found.bias.view({1, 12, 1, 1})) / found.weight.view({1, 12, 1, 1});
  REQUIRE(normed.var().item<double>() == Approx(1).epsilon(1e-3));
}

TEST_CASE("a batch norm has the same bits with and without a gradient, in any memory format") {
  for (const Case& c : kCases) {
    CAPTURE(c.channels);
    const auto normed = [](const auto& x, const auto& w, const auto& b) {
      return batch_norm(x, w, b, 1e-5, AfterNorm::relu);
    };
    const LayerValues with = values_of(c, at::kFloat, 0, normed);
    const torch::autograd::AutoGradMode no_gradient(false);
    REQUIRE(at::equal(normed(with.x, with.weight, with.bias), with.y));
    REQUIRE(at::equal(normed(with.x.contiguous(), with.weight, with.bias), with.y));
  }
}

TEST_CASE("a constant channel becomes its bias, and the ReLU propagates NaN") {
  at::Tensor x = at::ones({2, 3, 4, 4}).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor weight = at::ones({3}), bias = at::full({3}, 0.25);
  CHECK(at::allclose(batch_norm(x, weight, bias, 1e-5, AfterNorm::relu), at::full({2, 3, 4, 4}, 0.25)));
  x[1][2][3][3] = std::numeric_limits<float>::quiet_NaN();
  const at::Tensor y = batch_norm(x, weight, bias, 1e-5, AfterNorm::relu);
  CHECK(at::isnan(y.select(1, 2)).all().item<bool>());
  CHECK_FALSE(at::isnan(y.narrow(1, 0, 2)).any().item<bool>());
}
