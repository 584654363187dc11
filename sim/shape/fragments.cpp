#include "sim/shape/fragments.hpp"

#include <algorithm>

namespace msfusion {

namespace {

std::int64_t sent_of(const ParameterTensor& tensor) {
  return tensor.is_trained && !tensor.is_private ? element_count(tensor) : 0;
}

}  // namespace

std::vector<int> fragment_of_tensors(const Shape& shape, int fragments) {
  std::int64_t all = 0, before = 0;
  for (const ParameterTensor& tensor : shape.tensors) all += sent_of(tensor);
  std::vector<int> result(shape.tensors.size(), -1);
  for (const Layer& layer : shape.layers) {
    std::int64_t size = 0;
    for (const int tensor : layer.tensors)
      if (result[static_cast<std::size_t>(tensor)] < 0)
        size += sent_of(shape.tensors[static_cast<std::size_t>(tensor)]);
    // By the layer's middle.
    const std::int64_t place = all > 0 ? fragments * (2 * before + size) / (2 * all) : 0;
    for (const int tensor : layer.tensors)
      if (result[static_cast<std::size_t>(tensor)] < 0)
        result[static_cast<std::size_t>(tensor)] = static_cast<int>(std::min<std::int64_t>(place, fragments - 1));
    before += size;
  }
  for (int& fragment : result) fragment = std::max(fragment, 0);
  return result;
}

std::vector<std::int64_t> fragment_sizes(const Shape& shape, int fragments) {
  std::vector<std::int64_t> sizes(static_cast<std::size_t>(fragments));
  const std::vector<int> of = fragment_of_tensors(shape, fragments);
  for (std::size_t t = 0; t < of.size(); ++t) sizes[static_cast<std::size_t>(of[t])] += sent_of(shape.tensors[t]);
  return sizes;
}

}  // namespace msfusion
