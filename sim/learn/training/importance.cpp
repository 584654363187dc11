#include "sim/learn/training/importance.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "sim/shape/importance.hpp"

namespace msfusion {

at::Tensor largest_weights(const Shape& shape, const ParameterLayout& full, const at::Tensor& values, double share) {
  const std::vector<bool> competing = competing_tensors(shape);
  const auto kept = static_cast<std::size_t>(competing_weights(shape).kept(share));
  std::vector<at::Tensor> sizes;
  for (std::size_t t = 0; t < competing.size(); ++t)
    if (competing[t]) sizes.push_back(full.view(values, static_cast<int>(t)).abs().flatten());
  const at::Tensor all = at::cat(sizes);
  std::vector<float> sorted(all.data_ptr<float>(), all.data_ptr<float>() + all.numel());
  if (kept >= sorted.size()) return values;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(kept) - 1, sorted.end(),
                   std::greater<>());
  const float least = sorted[kept - 1];
  // As many as the plan counts: of weights of equal size the first ones.
  auto equal_left = static_cast<std::int64_t>(kept) -
                    std::count_if(sorted.begin(), sorted.end(), [least](float size) { return size > least; });
  at::Tensor thinned = values.clone();
  for (std::size_t t = 0; t < competing.size(); ++t) {
    if (!competing[t]) continue;
    at::Tensor view = full.view(thinned, static_cast<int>(t));
    const at::Tensor size = view.abs(), equal = size.eq(least);
    const at::Tensor among_first = equal.flatten().cumsum(0).le(equal_left).view(equal.sizes());
    view.mul_(size.gt(least).logical_or(equal.logical_and(among_first)));
    equal_left = std::max<std::int64_t>(0, equal_left - equal.sum().item<std::int64_t>());
  }
  return thinned;
}

}  // namespace msfusion
