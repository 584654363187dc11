#include "sim/shape/cost.hpp"

#include <algorithm>

#include "sim/base/overloaded.hpp"
#include "sim/shape/depth.hpp"
#include "sim/shape/winograd.hpp"

namespace msfusion {

namespace {

class Coster {
 public:
  Coster(const Shape& shape, const WidthSlice& slice) : shape_(shape), slice_(slice) {}

  std::int64_t elements(int layer) const {
    const Extent& extent = extent_of(layer);
    return static_cast<std::int64_t>(features(layer)) * extent.positions();
  }
  std::int64_t features(int layer) const { return sliced_size(extent_of(layer).features, slice_); }

  std::int64_t parameters(int tensor) const {
    std::int64_t count = 1;
    for (const Dim& dim : shape_.tensors[static_cast<std::size_t>(tensor)].dims) count *= sliced_size(dim, slice_);
    return count;
  }
  std::int64_t parameters(const Layer& layer) const {
    std::int64_t total = 0;
    for (const int tensor : layer.tensors) total += parameters(tensor);
    return total;
  }

  std::int64_t forward_macs(int index) const {
    const Layer& layer = shape_.layers[static_cast<std::size_t>(index)];
    const std::int64_t in = features(layer.inputs.front()), out = features(index);
    const std::int64_t positions = layer.out.positions();
    return std::visit(Overloaded{
                          [&](const Conv2d& conv) {
                            return positions * conv.kernel * conv.kernel * (conv.depthwise ? 1 : in / conv.groups) *
                                   out;
                          },
                          [&](const Linear&) { return positions * in * out; },
                          // q k^T and the weighted sum of v; a causal mask is applied after the full product.
                          [&](const Attention&) { return positions * positions * in + positions * positions * out; },
                          [&](const Lstm&) { return positions * 4 * out * (in + out); },
                          [](const auto&) { return std::int64_t{0}; },
                      },
                      layer.op);
  }

  std::int64_t exponentials(int index) const {
    const Layer& layer = shape_.layers[static_cast<std::size_t>(index)];
    return std::visit(Overloaded{
                          [&](const Gelu&) { return elements(index); },
                          [&](const Activation& activation) {
                            using Kind = Activation::Kind;
                            const bool is_linear = activation.kind == Kind::relu6 ||
                                                   activation.kind == Kind::hard_sigmoid ||
                                                   activation.kind == Kind::hard_swish;
                            return is_linear ? std::int64_t{0} : elements(index);
                          },
                          [&](const Lstm&) { return 5 * elements(index); },  // four gates and the cell's state
                          [](const auto&) { return std::int64_t{0}; },
                      },
                      layer.op);
  }

  // Kernels that the layer's forward pass starts, as LibTorch carries it out.
  std::int64_t calls(int index) const {
    const Layer& layer = shape_.layers[static_cast<std::size_t>(index)];
    return std::visit(
        Overloaded{
            [](const Attention&) { return std::int64_t{2}; },  // and those of each sample and head
            [](const Dropout&) { return std::int64_t{2}; },    // draw, product
            [&](const Lstm&) { return std::int64_t{12} * layer.out.positions(); },
            [](const Linear&) { return std::int64_t{0}; },  // nothing but its product, and what its tensors cost
            [](const Conv2d&) { return std::int64_t{3}; },  // product, and its weights into order and back
            [](const auto&) { return std::int64_t{1}; },
        },
        layer.op);
  }

 private:
  const Extent& extent_of(int layer) const {
    return layer == kModelInput ? shape_.input : shape_.layers[static_cast<std::size_t>(layer)].out;
  }
  const Shape& shape_;
  const WidthSlice& slice_;
};

}  // namespace

namespace {

bool is_trained(const Shape& shape, int tensor) {
  return shape.tensors[static_cast<std::size_t>(tensor)].is_trained;
}

// How the layer is carried out; what it costs follows.
void describe_layer(const Coster& coster, const Layer& layer, LayerCost& part) {
  if (std::holds_alternative<Dropout>(layer.op)) part.random_draws = coster.elements(part.layer);
  if (std::holds_alternative<Lstm>(layer.op)) part.repeats = layer.out.positions();
  part.out_features = coster.features(part.layer);
  if (const auto* attention = std::get_if<Attention>(&layer.op)) {
    part.out_features /= attention->heads;
    part.sample_calls = attention->heads;
  }
  part.in_features = coster.features(layer.inputs.front());
  if (const auto* conv = std::get_if<Conv2d>(&layer.op)) {
    part.is_convolution = true;
    if (!conv->depthwise && conv->groups == 1)
      part.winograd_tiles = winograd_tiles({part.in_features, part.out_features, layer.out.height, layer.out.width,
                                            conv->kernel, conv->stride, conv->padding});
  }
  part.is_dense = std::holds_alternative<Linear>(layer.op);
  if (std::holds_alternative<MaxPool2d>(layer.op)) part.pooled_elements = coster.elements(layer.inputs.front());
}

}  // namespace

SliceCost slice_cost(const Shape& shape, const WidthSlice& slice, LastLayer last) {
  if (!shape.blocks.empty()) return slice_cost(kept_layers(shape, slice), slice, last);
  const Coster coster(shape, slice);
  SliceCost cost;
  cost.memory = step_memory(shape, slice, last);
  const bool all_trained = std::all_of(shape.tensors.begin(), shape.tensors.end(),
                                       [](const ParameterTensor& tensor) { return tensor.is_trained; });
  std::vector<bool> has_gradient(shape.layers.size()), is_counted(shape.tensors.size());
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const Layer& layer = shape.layers[i];
    const int index = static_cast<int>(i);
    bool input_gradient = false;
    std::int64_t activations = coster.elements(index);
    for (int input : layer.inputs) {
      input_gradient = input_gradient || (input != kModelInput && has_gradient[static_cast<std::size_t>(input)]);
      activations += coster.elements(input);
    }
    const bool trains =
        std::any_of(layer.tensors.begin(), layer.tensors.end(), [&](int tensor) { return is_trained(shape, tensor); });
    has_gradient[i] = input_gradient || trains;
    if (std::holds_alternative<Flatten>(layer.op) || std::holds_alternative<ToTokens>(layer.op)) continue;  // views

    LayerCost part;
    part.layer = index;
    part.parameters = coster.parameters(layer);
    part.forward_macs = coster.forward_macs(index);
    part.exponentials = coster.exponentials(index);
    part.calls = coster.calls(index);
    part.tensors = static_cast<std::int64_t>(layer.tensors.size());
    describe_layer(coster, layer, part);
    // Attention has no weights of its own: both factors of both products are inputs, hence two products back for one
    // forth.
    const int back = std::holds_alternative<Attention>(layer.op) ? (input_gradient ? 2 : 0)
                                                                 : (trains ? 1 : 0) + (input_gradient ? 1 : 0);
    part.training_macs = part.forward_macs * (1 + back);
    part.forward_bytes = activations * kFloatBytes;
    part.passes = all_trained || trains ? 3 : has_gradient[i] ? 2 : 1;
    part.training_bytes = (all_trained || has_gradient[i] ? 3 : 1) * part.forward_bytes;
    // Layers that share a tensor read it each, but it is there once.
    for (const int tensor : layer.tensors) {
      if (!is_trained(shape, tensor)) ++part.frozen_tensors;
      if (is_counted[static_cast<std::size_t>(tensor)]) continue;
      is_counted[static_cast<std::size_t>(tensor)] = true;
      cost.parameters += coster.parameters(tensor);
      if (!is_trained(shape, tensor)) cost.frozen_parameters += coster.parameters(tensor);
    }
    cost.forward_macs += part.forward_macs;
    cost.training_macs += part.training_macs;
    cost.layers.push_back(part);
  }
  return cost;
}

CutCost cut_cost(const Shape& shape, const WidthSlice& slice, int parametrised_layers) {
  CutCost result;
  Shape front = shape;
  int parametrised = 0;
  const auto behind = std::find_if(shape.layers.begin(), shape.layers.end(), [&](const Layer& layer) {
    parametrised += !layer.tensors.empty();
    return parametrised > parametrised_layers;
  });
  result.last_layer = static_cast<int>(behind - shape.layers.begin()) - 1;
  front.layers.resize(static_cast<std::size_t>(result.last_layer + 1));
  result.front = slice_cost(front, slice, LastLayer::hidden);
  for (const LayerCost& layer : slice_cost(shape, slice).layers) {
    if (layer.layer <= result.last_layer) continue;
    result.rest.layers.push_back(layer);
    result.rest.parameters += layer.parameters;
    result.rest.forward_macs += layer.forward_macs;
    result.rest.training_macs += layer.training_macs;
  }
  return result;
}

}  // namespace msfusion
