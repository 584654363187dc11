#include "sim/learn/kernels/product.hpp"

#include <ATen/ATen.h>

#include <thread>

#include "sim/learn/running/runtime.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

struct Case {
  std::int64_t rows, columns, terms;
};

// Small and large, few and many rows and columns, sums in one piece and in several.
const std::vector<Case> kCases = {{1, 1, 1},       {3, 5, 7},       {10, 200, 300},  {10, 64, 3136},
                                  {20, 128, 1601}, {33, 100, 1537}, {200, 10, 2000}, {64, 64, 8}};

at::Tensor normal(std::int64_t rows, std::int64_t columns, bool transposed, std::uint64_t seed) {
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(seed);
  return at::empty(transposed ? at::IntArrayRef{columns, rows} : at::IntArrayRef{rows, columns}).normal_(0, 1, random);
}

at::Tensor product(const Case& c, bool a_transposed, bool b_transposed, float factor, float keep, std::int64_t gap) {
  const at::Tensor a = normal(c.rows, c.terms, a_transposed, 1), b = normal(c.terms, c.columns, b_transposed, 2);
  at::Tensor out = at::ones({c.rows, c.columns + gap});
  multiply({a.data_ptr<float>(), a.size(1), a_transposed}, {b.data_ptr<float>(), b.size(1), b_transposed}, c.rows,
           c.columns, c.terms, {out.data_ptr<float>(), c.columns + gap}, factor, keep);
  return out;
}

at::Tensor exactly(const Case& c, bool a_transposed, bool b_transposed, float factor, float keep) {
  const at::Tensor a = normal(c.rows, c.terms, a_transposed, 1).to(at::kDouble);
  const at::Tensor b = normal(c.terms, c.columns, b_transposed, 2).to(at::kDouble);
  return factor * at::matmul(a_transposed ? a.t() : a, b_transposed ? b.t() : b) + keep;
}

}  // namespace

TEST_CASE("products are exact up to rounding with any factor transposed, and do not write to gaps") {
  if (!can_multiply()) return;
  use_one_thread();
  for (const Case& c : kCases)
    for (const bool a : {false, true})
      for (const bool b : {false, true})
        for (const auto& [factor, keep] : {std::pair(1.0F, 0.0F), std::pair(0.5F, 1.0F)}) {
          CAPTURE(c.rows, c.columns, c.terms, a, b, factor);
          const at::Tensor found = product(c, a, b, factor, keep, 3), exact = exactly(c, a, b, factor, keep);
          const at::Tensor error = found.narrow(1, 0, c.columns).to(at::kDouble) - exact;
          REQUIRE(error.norm().item<double>() < 1e-6 * exact.norm().item<double>());
          REQUIRE(at::equal(found.narrow(1, c.columns, 3), at::ones({c.rows, 3})));
        }
}

TEST_CASE("products have the same bits in every thread") {
  if (!can_multiply()) return;
  use_one_thread();
  for (const Case& c : kCases) {
    const at::Tensor here = product(c, false, true, 1, 0, 0);
    at::Tensor there;
    std::thread([&] {
      use_one_thread();
      there = product(c, false, true, 1, 0, 0);
    }).join();
    REQUIRE(at::equal(here, there));
  }
}
