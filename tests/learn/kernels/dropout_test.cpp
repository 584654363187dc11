#include "sim/learn/kernels/dropout.hpp"

#include <cmath>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

constexpr std::int64_t kCount = 200'000;

at::Tensor mask(double probability, DropoutMasks& masks) {
  return dropout(at::ones({kCount}), probability, masks);
}

double correlation(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.to(at::kDouble) - a.mean(), y = b.to(at::kDouble) - b.mean();
  return ((x * y).mean() / (x.square().mean() * y.square().mean()).sqrt()).item<double>();
}

}  // namespace

TEST_CASE("dropout drops its share of elements and keeps the expectation") {
  for (const double probability : {0.1, 0.5, 0.9}) {
    DropoutMasks masks{7};
    const at::Tensor drawn = mask(probability, masks);
    const double kept = drawn.gt(0).to(at::kDouble).mean().item<double>();
    const double deviation = std::sqrt(probability * (1 - probability) / kCount);
    REQUIRE(std::abs(kept - (1 - probability)) < 4 * deviation);
    REQUIRE(drawn.max().item<double>() == Approx(1 / (1 - probability)));
  }
  DropoutMasks masks;
  REQUIRE(at::equal(mask(0, masks), at::ones({kCount})));
}

TEST_CASE("dropout's masks depend on the seed and the number of earlier masks alone") {
  DropoutMasks masks{7}, again{7}, other{8};
  const at::Tensor first = mask(0.5, masks), second = mask(0.5, masks);
  REQUIRE(at::equal(first, mask(0.5, again)));
  REQUIRE(at::equal(second, mask(0.5, again)));
  const double chance = 4 / std::sqrt(static_cast<double>(kCount));
  REQUIRE(std::abs(correlation(first, second)) < chance);
  REQUIRE(std::abs(correlation(first, mask(0.5, other))) < chance);
  for (const std::int64_t apart : {1, 2, 16, 256, 65536})
    REQUIRE(std::abs(correlation(first.narrow(0, 0, kCount - apart), first.narrow(0, apart, kCount - apart))) <
            1.5 * chance);
}

TEST_CASE("dropout drops and scales the gradient like the values") {
  const at::Tensor x = at::arange(1, 101, at::kFloat).requires_grad_();
  DropoutMasks masks{7};
  const at::Tensor y = dropout(x, 0.3, masks);
  y.sum().backward();
  REQUIRE(at::allclose(y, x * x.grad()));
}
