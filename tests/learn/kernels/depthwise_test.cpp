#include "sim/learn/kernels/depthwise.hpp"

#include "tests/learn/kernels/layer.hpp"

using namespace msfusion;
using namespace msfusion::test;

namespace {

struct Case {
  std::int64_t samples, channels, height, width, kernel, stride, padding;
  bool bias;
};

// Channels that fill vector registers or do not, strides that leave columns out, padding wider than the kernel needs.
const std::vector<Case> kCases = {{2, 1, 5, 4, 3, 1, 1, true},  {3, 7, 8, 9, 3, 2, 1, false},
                                  {2, 33, 6, 6, 5, 1, 2, true}, {20, 16, 7, 7, 3, 1, 1, false},
                                  {1, 4, 3, 3, 1, 1, 0, true},  {2, 6, 5, 5, 2, 3, 2, true}};

}  // namespace

TEST_CASE("a depthwise convolution and its gradients are those of a convolution in as many groups as channels") {
  for (const Case& c : kCases) {
    CAPTURE(c.channels, c.kernel, c.stride, c.padding);
    const std::vector<std::int64_t> x = {c.samples, c.channels, c.height, c.width},
                                    weight = {c.channels, 1, c.kernel, c.kernel};
    const LayerValues found = layer_values(x, weight, c.bias, at::kFloat, [&](auto& in, auto& w, auto& b) {
      return depthwise_convolution(in, w, b, c.stride, c.padding);
    });
    const LayerValues exact = layer_values(x, weight, c.bias, at::kDouble, [&](auto& in, auto& w, auto& b) {
      return at::conv2d(in, w, b, c.stride, c.padding, 1, c.channels);
    });
    require_close(found, exact, 1e-5);
    CHECK(found.y.is_contiguous(at::MemoryFormat::ChannelsLast));
    const at::NoGradGuard no_gradients;
    CHECK(at::equal(depthwise_convolution(found.x, found.weight, found.bias, c.stride, c.padding), found.y));
  }
}
