#include "sim/learn/running/named_tensors.hpp"

#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

namespace {

NamedTensor named(const std::string& name, const at::Tensor& values) {
  const at::Tensor rows = values.contiguous();
  const float* first = rows.data_ptr<float>();
  return {name, rows.sizes().vec(), std::vector<float>(first, first + rows.numel())};
}

}  // namespace

std::vector<NamedTensor> named_tensors(const Shape& shape, const ParameterLayout& full, const WidthSlice& slice,
                                       const at::Tensor& source, const std::vector<NormStatistics>& statistics) {
  const SliceMap map(shape, full, slice);
  const std::vector<at::Tensor> values = map.part_layout().views(gather(map, source));
  std::vector<NamedTensor> all;
  for (std::size_t t = 0; t < values.size(); ++t)
    if (values[t].numel() > 0) all.push_back(named(shape.tensors[t].name, values[t]));
  for (std::size_t i = 0; i < statistics.size(); ++i) {
    if (!statistics[i].mean.defined()) continue;
    all.push_back(named(shape.layers[i].name + ".running_mean", statistics[i].mean));
    all.push_back(named(shape.layers[i].name + ".running_var", statistics[i].variance));
  }
  return all;
}

}  // namespace msfusion
