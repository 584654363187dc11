#include "sim/shape/shape_builder.hpp"

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/connected_components.hpp>
#include <cassert>
#include <cmath>
#include <numeric>

namespace msfusion {

namespace {
Dim dim_of(AxisId axis, int units) {
  return {units, axis, 1, 1};
}
Dim fixed(int size) {
  return {size, kFixed, 1, 1};
}
Init constant(double value) {
  return {Init::Kind::constant, value};
}
// The default of PyTorch's convolutions and linear layers: Kaiming uniform with a = sqrt(5).
Init fan_in(int inputs) {
  return {Init::Kind::uniform, 1.0 / std::sqrt(static_cast<double>(inputs))};
}
Init normal(double deviation) {
  return {Init::Kind::normal, deviation};
}
int convolved(int size, int kernel, int stride, int padding) {
  return (size + 2 * padding - kernel) / stride + 1;
}
}  // namespace

ShapeBuilder::ShapeBuilder(std::string name, InputKind kind, Extent input, int classes) {
  shape_.name = std::move(name);
  shape_.input_kind = kind;
  shape_.classes = classes;
  input_width_ = new_width("input", input.features.size);
  logits_width_ = new_width("logits", classes);
  input.features.axis = input_width_;
  shape_.input = input;
}

AxisId ShapeBuilder::new_width(const std::string& name, int units) {
  shape_.axes.push_back({name, units});
  return static_cast<AxisId>(shape_.axes.size()) - 1;
}

int ShapeBuilder::tensor(const std::string& name, std::vector<Dim> dims, Init init) {
  shape_.tensors.push_back({name, std::move(dims), init});
  return static_cast<int>(shape_.tensors.size()) - 1;
}

int ShapeBuilder::push(Layer layer) {
  shape_.layers.push_back(std::move(layer));
  return static_cast<int>(shape_.layers.size()) - 1;
}

const Extent& ShapeBuilder::extent(int layer) const {
  return layer == kModelInput ? shape_.input : shape_.layers[static_cast<std::size_t>(layer)].out;
}

int ShapeBuilder::conv(const std::string& name, int input, int channels, int kernel, int stride, int padding,
                       bool bias) {
  const Extent in = extent(input);
  const Dim out = dim_of(new_width(name, channels), channels);
  const Init init = fan_in(in.features.size * kernel * kernel);
  std::vector<int> tensors = {tensor(name + ".weight", {out, in.features, fixed(kernel), fixed(kernel)}, init)};
  if (bias) tensors.push_back(tensor(name + ".bias", {out}, init));
  const Extent result{out, convolved(in.height, kernel, stride, padding), convolved(in.width, kernel, stride, padding)};
  return push({name, Conv2d{kernel, stride, padding}, {input}, std::move(tensors), result});
}

int ShapeBuilder::depthwise(const std::string& name, int input, int kernel, int stride, int padding, bool bias) {
  const Extent in = extent(input);
  const Init init = fan_in(kernel * kernel);
  std::vector<int> tensors = {tensor(name + ".weight", {in.features, fixed(1), fixed(kernel), fixed(kernel)}, init)};
  if (bias) tensors.push_back(tensor(name + ".bias", {in.features}, init));
  const Extent out{in.features, convolved(in.height, kernel, stride, padding),
                   convolved(in.width, kernel, stride, padding)};
  return push({name, Conv2d{kernel, stride, padding, true}, {input}, std::move(tensors), out});
}

int ShapeBuilder::grouped(const std::string& name, int input, int channels, int groups, int kernel, int stride,
                          int padding, bool bias) {
  const Extent in = extent(input);
  const int in_group = in.features.size / groups, out_group = channels / groups;
  // Both widths are repeated group by group, so that a slice takes the same part of each.
  const Dim part = dim_of(new_width(name + ".group", in_group), in_group);
  join(part.axis, in.features.axis);
  const Dim out{channels, new_width(name, out_group), groups, 1};
  const Init init = fan_in(in_group * kernel * kernel);
  std::vector<int> tensors = {tensor(name + ".weight", {out, part, fixed(kernel), fixed(kernel)}, init)};
  if (bias) tensors.push_back(tensor(name + ".bias", {out}, init));
  const Extent result{out, convolved(in.height, kernel, stride, padding), convolved(in.width, kernel, stride, padding)};
  return push({name, Conv2d{kernel, stride, padding, false, groups}, {input}, std::move(tensors), result});
}

int ShapeBuilder::dense(const std::string& name, int input, Dim out, bool bias) {
  Extent extent_out = extent(input);
  const Dim in = extent_out.features;
  const Init init = fan_in(in.size);
  extent_out.features = out;
  std::vector<int> tensors = {tensor(name + ".weight", {out, in}, init)};
  if (bias) tensors.push_back(tensor(name + ".bias", {out}, init));
  return push({name, Linear{}, {input}, std::move(tensors), extent_out});
}

int ShapeBuilder::linear(const std::string& name, int input, int features, bool bias) {
  return dense(name, input, dim_of(new_width(name, features), features), bias);
}

int ShapeBuilder::head_linear(const std::string& name, int input, int heads, int features) {
  assert(features % heads == 0);
  return dense(name, input, Dim{features, new_width(name, features / heads), heads, 1});
}

int ShapeBuilder::classifier(const std::string& name, int input, bool bias) {
  return dense(name, input, dim_of(logits_width_, shape_.classes), bias);
}

int ShapeBuilder::tied_classifier(const std::string& name, int input, int embedding) {
  join(extent(input).features.axis, extent(embedding).features.axis);
  Extent out = extent(input);
  out.features = dim_of(logits_width_, shape_.classes);
  return push({name, Linear{}, {input}, shape_.layers[static_cast<std::size_t>(embedding)].tensors, out});
}

int ShapeBuilder::norm(const std::string& name, int input, Op op) {
  const Extent in = extent(input);
  std::vector<int> tensors = {tensor(name + ".weight", {in.features}, constant(1)),
                              tensor(name + ".bias", {in.features}, constant(0))};
  return push({name, op, {input}, std::move(tensors), in});
}

int ShapeBuilder::batch_norm(const std::string& name, int input) {
  return norm(name, input, BatchNorm{});
}
int ShapeBuilder::group_norm(const std::string& name, int input, int groups) {
  return norm(name, input, GroupNorm{groups});
}
int ShapeBuilder::layer_norm(const std::string& name, int input) {
  return norm(name, input, LayerNorm{});
}

int ShapeBuilder::unary(const std::string& name, int input, Op op) {
  return push({name, op, {input}, {}, extent(input)});
}
int ShapeBuilder::relu(const std::string& name, int input) {
  return unary(name, input, Relu{});
}
int ShapeBuilder::gelu(const std::string& name, int input) {
  return unary(name, input, Gelu{});
}
int ShapeBuilder::dropout(const std::string& name, int input, double probability) {
  return unary(name, input, Dropout{probability});
}

int ShapeBuilder::activation(const std::string& name, int input, Activation::Kind kind) {
  return unary(name, input, Activation{kind});
}

int ShapeBuilder::pool(const std::string& name, int input, int kernel, int stride, int padding, Op op) {
  Extent out = extent(input);
  out.height = convolved(out.height, kernel, stride, padding);
  out.width = convolved(out.width, kernel, stride, padding);
  return push({name, op, {input}, {}, out});
}
int ShapeBuilder::max_pool(const std::string& name, int input, int kernel, int stride, int padding) {
  return pool(name, input, kernel, stride, padding, MaxPool2d{kernel, stride, padding});
}
int ShapeBuilder::average_pool(const std::string& name, int input, int kernel, int stride, int padding) {
  return pool(name, input, kernel, stride, padding, AvgPool2d{kernel, stride, padding});
}

int ShapeBuilder::global_average_pool(const std::string& name, int input) {
  return push({name, GlobalAvgPool{}, {input}, {}, Extent{extent(input).features, 1, 1}});
}

int ShapeBuilder::flatten(const std::string& name, int input) {
  const Extent in = extent(input);
  Dim features = in.features;
  features.size *= in.positions();
  features.inner *= in.positions();
  return push({name, Flatten{}, {input}, {}, Extent{features, 1, 1}});
}

int ShapeBuilder::add(const std::string& name, int a, int b) {
  join(extent(a).features.axis, extent(b).features.axis);
  return push({name, Add{}, {a, b}, {}, extent(a)});
}

int ShapeBuilder::concat(const std::string& name, std::vector<int> inputs) {
  Extent out = extent(inputs.front());
  out.features.size = 0;
  for (const int input : inputs) {
    join(extent(inputs.front()).features.axis, extent(input).features.axis);
    out.features.size += extent(input).features.size;
  }
  return push({name, Concat{}, std::move(inputs), {}, out});
}

int ShapeBuilder::to_tokens(const std::string& name, int input) {
  const Extent in = extent(input);
  return push({name, ToTokens{}, {input}, {}, Extent{in.features, 1, in.positions()}});
}

int ShapeBuilder::class_token(const std::string& name, int input, double deviation) {
  Extent out = extent(input);
  ++out.width;
  return push(
      {name, ClassToken{}, {input}, {tensor(name + ".weight", {fixed(1), out.features}, normal(deviation))}, out});
}

int ShapeBuilder::first_token(const std::string& name, int input) {
  return push({name, FirstToken{}, {input}, {}, Extent{extent(input).features, 1, 1}});
}

int ShapeBuilder::embedding(const std::string& name, int vocabulary, int features, double deviation) {
  const Dim out = dim_of(new_width(name, features), features);
  Extent extent_out = shape_.input;
  extent_out.features = out;
  return push({name,
               Embedding{vocabulary},
               {kModelInput},
               {tensor(name + ".weight", {fixed(vocabulary), out}, normal(deviation))},
               extent_out});
}

int ShapeBuilder::position_embedding(const std::string& name, int input, double deviation) {
  const Extent in = extent(input);
  return push({name,
               PositionEmbedding{in.width},
               {input},
               {tensor(name + ".weight", {fixed(in.width), in.features}, normal(deviation))},
               in});
}

int ShapeBuilder::attention(const std::string& name, int q, int k, int v, int heads, bool causal) {
  join(extent(q).features.axis, extent(k).features.axis);
  join(extent(q).features.axis, extent(v).features.axis);
  return push({name, Attention{heads, causal}, {q, k, v}, {}, extent(v)});
}

int ShapeBuilder::lstm(const std::string& name, int input, int hidden) {
  Extent out = extent(input);
  const Dim in = out.features;
  const AxisId width = new_width(name, hidden);
  const Dim gates{4 * hidden, width, 4, 1};
  const Dim state = dim_of(width, hidden);
  const Init init = fan_in(hidden);
  out.features = state;
  std::vector<int> tensors = {tensor(name + ".weight_ih", {gates, in}, init),
                              tensor(name + ".weight_hh", {gates, state}, init), tensor(name + ".bias", {gates}, init)};
  return push({name, Lstm{hidden}, {input}, std::move(tensors), out});
}

void ShapeBuilder::rewind(const Mark& to) {
  shape_.layers.resize(to.layers);
  shape_.tensors.resize(to.tensors);
  shape_.axes.resize(to.widths);
  same_.resize(to.edges);
}

Shape ShapeBuilder::build() && {
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS>;
  Graph widths(shape_.axes.size());
  for (const auto& [a, b] : same_) boost::add_edge(static_cast<std::size_t>(a), static_cast<std::size_t>(b), widths);
  std::vector<int> component(shape_.axes.size());
  boost::connected_components(widths, component.data());

  // Widths of a component may have unequal numbers of units: the axis has their greatest common divisor, and a width
  // repeats it. Components in the order of their first width, without those that are tied to the sample or to the
  // logits.
  std::vector<AxisId> axis_of(shape_.axes.size(), kFixed);
  std::vector<Axis> axes;
  for (std::size_t width = 0; width < component.size(); ++width) {
    const int mine = component[width];
    if (mine == component[static_cast<std::size_t>(input_width_)] ||
        mine == component[static_cast<std::size_t>(logits_width_)])
      continue;
    for (std::size_t earlier = 0; earlier < width && axis_of[width] == kFixed; ++earlier)
      if (component[earlier] == mine) axis_of[width] = axis_of[earlier];
    if (axis_of[width] != kFixed) {
      int& units = axes[static_cast<std::size_t>(axis_of[width])].units;
      units = std::gcd(units, shape_.axes[width].units);
      continue;
    }
    axis_of[width] = static_cast<AxisId>(axes.size());
    axes.push_back(shape_.axes[width]);
  }

  const auto settle = [&](Dim& dim) {
    if (dim.axis == kFixed) return;
    dim.axis = axis_of[static_cast<std::size_t>(dim.axis)];
    if (dim.axis == kFixed)
      dim.outer = dim.inner = 1;
    else
      dim.outer = dim.size / (axes[static_cast<std::size_t>(dim.axis)].units * dim.inner);
  };
  settle(shape_.input.features);
  for (ParameterTensor& parameter : shape_.tensors)
    for (Dim& dim : parameter.dims) settle(dim);
  for (Layer& layer : shape_.layers) settle(layer.out.features);
  shape_.axes = std::move(axes);
  return std::move(shape_);
}

}  // namespace msfusion
