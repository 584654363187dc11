#include "sim/shape/layer_graph.hpp"

#include <cmath>
#include <filesystem>

#include "sim/shape/layer_walk.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

Shape shape_of_layers(const LayerFile& file, const std::map<std::string, std::string>& parameters,
                      const SampleShape& samples) {
  return LayerWalk(file, std::filesystem::path(file.file).stem().string(), samples).build(parameters);
}

Shape narrowed_shape(Shape shape, double rate) {
  if (rate == 1) return shape;
  for (Axis& axis : shape.axes) axis.units = sliced_units(rate, axis.units);
  const auto narrow = [&](Dim& dim) {
    if (dim.axis != kFixed) dim.size = dim.outer * shape.axes[static_cast<std::size_t>(dim.axis)].units * dim.inner;
  };
  for (ParameterTensor& tensor : shape.tensors)
    for (Dim& dim : tensor.dims) narrow(dim);
  for (Layer& layer : shape.layers) {
    narrow(layer.out.features);
    // What is drawn uniformly has bounds by the number of inputs.
    double inputs = 0;
    if (auto* lstm = std::get_if<Lstm>(&layer.op)) inputs = lstm->hidden_units = layer.out.features.size;
    for (const int index : layer.tensors) {
      ParameterTensor& tensor = shape.tensors[static_cast<std::size_t>(index)];
      if (tensor.init.kind != Init::Kind::uniform) continue;
      if (inputs == 0) {
        inputs = 1;
        for (std::size_t d = 1; d < tensor.dims.size(); ++d) inputs *= tensor.dims[d].size;
      }
      tensor.init.scale = 1.0 / std::sqrt(inputs);
    }
  }
  return shape;
}

}  // namespace msfusion
