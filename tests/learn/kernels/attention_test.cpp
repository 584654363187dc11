#include "sim/learn/kernels/attention.hpp"

#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "sim/learn/running/runtime.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

struct Case {
  std::int64_t samples, tokens, heads, width, depth;
  bool causal;
};

const std::vector<Case> kCases = {{2, 1, 1, 1, 1, true},   {3, 5, 2, 3, 4, true},     {2, 17, 4, 8, 8, false},
                                  {2, 64, 2, 16, 8, true}, {1, 200, 1, 64, 64, true}, {4, 33, 3, 5, 7, false}};

struct Values {
  at::Tensor q, k, v, y;
};

template <class Attend>
Values values_of(const Case& c, at::ScalarType type, double size, Attend attend) {
  use_one_thread();
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(5);
  const auto normal = [&](std::int64_t features) {
    return at::empty({c.samples, c.tokens, c.heads * features}).normal_(0, size, random).to(type);
  };
  Values v{normal(c.width).requires_grad_(), normal(c.width).requires_grad_(), normal(c.depth).requires_grad_(), {}};
  v.y = attend(v.q, v.k, v.v, c.heads, std::sqrt(static_cast<double>(c.width)), c.causal);
  v.y.backward(normal(c.depth));
  return v;
}

// softmax(q k' / divisor) v, head by head.
at::Tensor by_definition(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, std::int64_t heads,
                         double divisor, bool causal) {
  std::vector<at::Tensor> mixed;
  for (std::int64_t head = 0; head < heads; ++head) {
    const auto own = [&](const at::Tensor& all) { return all.chunk(heads, 2)[static_cast<std::size_t>(head)]; };
    at::Tensor scores = at::matmul(own(q), own(k).transpose(1, 2)) / divisor;
    if (causal) scores = scores - 1e9 * at::ones_like(scores).triu(1);
    mixed.push_back(at::matmul(at::softmax(scores, -1), own(v)));
  }
  return at::cat(mixed, 2);
}

void require_close(const at::Tensor& found, const at::Tensor& exact) {
  REQUIRE(found.sizes() == exact.sizes());
  REQUIRE((found.to(at::kDouble) - exact).norm().item<double>() <= 3e-6 * exact.norm().item<double>() + 1e-9);
}

}  // namespace

TEST_CASE("attention and its gradients are exact up to rounding, for small and large scores") {
  for (const Case& c : kCases)
    for (const double size : {0.1, 1.0, 8.0}) {
      CAPTURE(c.tokens, c.heads, c.width, c.depth, c.causal, size);
      const Values found = values_of(c, at::kFloat, size, attention);
      const Values exact = values_of(c, at::kDouble, size, by_definition);
      require_close(found.y, exact.y);
      if (size > 1) continue;  // the gradients of one large score are differences of nearly equal numbers
      require_close(found.q.grad(), exact.q.grad());
      require_close(found.k.grad(), exact.k.grad());
      require_close(found.v.grad(), exact.v.grad());
    }
}

TEST_CASE("attention has the same bits with and without a gradient, and no token sees a later one") {
  for (const Case& c : kCases) {
    Values v = values_of(c, at::kFloat, 1, attention);
    const torch::autograd::AutoGradMode no_gradient(false);
    const double divisor = std::sqrt(static_cast<double>(c.width));
    REQUIRE(at::equal(v.y, attention(v.q, v.k, v.v, c.heads, divisor, c.causal)));
    if (!c.causal || c.tokens == 1) continue;
    at::Tensor changed = v.k.detach().clone();
    changed.select(1, c.tokens - 1).fill_(1e30);
    const at::Tensor y = attention(v.q, changed, v.v, c.heads, divisor, true);
    REQUIRE(at::equal(y.narrow(1, 0, c.tokens - 1), v.y.narrow(1, 0, c.tokens - 1)));
  }
}

TEST_CASE("attention propagates NaN") {
  const Case c{1, 4, 1, 2, 2, false};
  Values v = values_of(c, at::kFloat, 1, attention);
  const torch::autograd::AutoGradMode no_gradient(false);
  at::Tensor broken = v.q.detach().clone();
  broken[0][2][1] = NAN;
  const at::Tensor y = attention(broken, v.k, v.v, 1, 1, false);
  REQUIRE(y[0][2].isnan().all().item<bool>());
  REQUIRE(y[0][1].isfinite().all().item<bool>());
}
