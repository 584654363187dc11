#include "sim/shape/importance.hpp"

#include <algorithm>
#include <variant>

namespace msfusion {

std::vector<bool> competing_tensors(const Shape& shape) {
  std::vector<bool> competing(shape.tensors.size());
  for (const Layer& layer : shape.layers) {
    if (!std::holds_alternative<Conv2d>(layer.op) && !std::holds_alternative<Linear>(layer.op)) continue;
    const auto weight = static_cast<std::size_t>(layer.tensors.front());
    competing[weight] = shape.tensors[weight].is_trained;
  }
  return competing;
}

std::int64_t CompetingWeights::kept(double share) const {
  constexpr double kNoise = 1e-9;  // 0.1 * 30 is not 3
  return std::clamp<std::int64_t>(static_cast<std::int64_t>(share * static_cast<double>(all) + kNoise), 1, all);
}

CompetingWeights competing_weights(const Shape& shape) {
  CompetingWeights weights;
  const std::vector<bool> competing = competing_tensors(shape);
  for (std::size_t t = 0; t < competing.size(); ++t) {
    if (!competing[t]) continue;
    std::int64_t count = 1;
    for (const Dim& dim : shape.tensors[t].dims) count *= dim.size;
    weights.all += count;
  }
  return weights;
}

}  // namespace msfusion
