#include "sim/learn/kernels/max_pool.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <limits>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

struct Case {
  std::int64_t samples, channels, height, width, kernel, stride;
};

// Channels that fill vector registers or do not; rows and columns that no window reaches; windows that overlap
// or leave gaps.
const std::vector<Case> kCases = {{2, 1, 4, 4, 2, 2},    {3, 5, 7, 9, 2, 2}, {4, 16, 8, 8, 2, 2}, {2, 33, 6, 5, 3, 2},
                                  {8, 12, 28, 28, 2, 2}, {1, 6, 9, 9, 3, 1}, {2, 7, 8, 8, 2, 3},  {2, 4, 3, 3, 3, 3}};

at::Tensor values_for(const Case& c, bool with_ties) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(7);
  at::Tensor x = at::empty({c.samples, c.channels, c.height, c.width}).normal_(0, 1, random);
  // Few values, most of them 0, as behind a ReLU.
  return with_ties ? x.mul_(2).round_().clamp_min_(0) : x;
}

at::Tensor gradient_for(const at::Tensor& y) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(8);
  return at::empty(y.sizes()).normal_(0, 1, random);
}

}  // namespace

TEST_CASE("max pooling and its gradients equal LibTorch's to the last bit") {
  for (const Case& c : kCases)
    for (const bool with_ties : {false, true}) {
      CAPTURE(c.channels, c.height, c.width, c.kernel, c.stride, with_ties);
      at::Tensor own = values_for(c, with_ties).contiguous(at::MemoryFormat::ChannelsLast).requires_grad_();
      at::Tensor theirs = values_for(c, with_ties).requires_grad_();
      const at::Tensor y = max_pool(own, c.kernel, c.stride);
      const at::Tensor expected = at::max_pool2d(theirs, {c.kernel, c.kernel}, {c.stride, c.stride});
      REQUIRE(y.is_contiguous(at::MemoryFormat::ChannelsLast));
      REQUIRE(y.equal(expected));
      const at::Tensor gradient = gradient_for(y);
      y.backward(gradient);
      expected.backward(gradient);
      REQUIRE(own.grad().equal(theirs.grad()));
      const at::NoGradGuard no_gradients;
      REQUIRE(max_pool(own, c.kernel, c.stride).equal(expected));
    }
}

TEST_CASE("max pooling propagates NaN") {
  for (const bool with_gradient : {false, true}) {
    at::Tensor x = at::ones({1, 20, 4, 4});
    x[0][3][1][1] = std::numeric_limits<float>::quiet_NaN();
    const at::Tensor y = max_pool(x.requires_grad_(with_gradient), 2, 2);
    CHECK(y.isnan().sum().item<std::int64_t>() == 1);
    CHECK(y[0][3][0][0].isnan().item<bool>());
  }
}
