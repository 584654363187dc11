// A layer with weights on random values, forward and backward, for comparing implementations.
#pragma once

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <vector>

#include "sim/learn/running/runtime.hpp"
#include "tests/support/catch.hpp"

namespace msfusion::test {

struct LayerValues {
  at::Tensor x, weight, bias, y, grad_x, grad_weight, grad_bias;
};

/// The same random numbers in every type. Tensors of four dimensions are channels last; the layer takes (x, weight,
/// bias), whose bias has a value for each of the weight's rows or is undefined.
template <class Layer>
LayerValues layer_values(const std::vector<std::int64_t>& x_sizes, const std::vector<std::int64_t>& weight_sizes,
                         bool bias, at::ScalarType type, Layer layer) {
  use_one_thread();  // oneDNN makes a thread's primitives for the number of threads that it has at first
  at::Generator random = at::make_generator<at::CPUGeneratorImpl>(5);
  const auto normal = [&](at::IntArrayRef sizes) {
    return at::empty(sizes)
        .normal_(0, 1, random)
        .to(type)
        .contiguous(sizes.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
  };
  LayerValues v;
  v.x = normal(x_sizes).requires_grad_();
  v.weight = normal(weight_sizes).requires_grad_();
  if (bias) v.bias = normal({weight_sizes.front()}).requires_grad_();
  v.y = layer(v.x, v.weight, v.bias);
  v.y.backward(normal(v.y.sizes()));
  v.grad_x = v.x.grad();
  v.grad_weight = v.weight.grad();
  if (bias) v.grad_bias = v.bias.grad();
  return v;
}

/// The relative distance in the Euclidean norm.
inline double distance(const at::Tensor& found, const at::Tensor& exact) {
  REQUIRE(found.sizes() == exact.sizes());
  return ((found.to(at::kDouble) - exact).norm() / exact.norm().clamp_min(1e-3)).item<double>();
}

inline void require_close(const LayerValues& found, const LayerValues& exact, double tolerance) {
  REQUIRE(distance(found.y, exact.y) < tolerance);
  REQUIRE(distance(found.grad_x, exact.grad_x) < tolerance);
  REQUIRE(distance(found.grad_weight, exact.grad_weight) < tolerance);
  if (exact.bias.defined()) REQUIRE(distance(found.grad_bias, exact.grad_bias) < tolerance);
}

inline void require_same_bits(const LayerValues& found, const LayerValues& expected) {
  REQUIRE(at::equal(found.y, expected.y));
  REQUIRE(at::equal(found.grad_x, expected.grad_x));
  REQUIRE(at::equal(found.grad_weight, expected.grad_weight));
}

}  // namespace msfusion::test
