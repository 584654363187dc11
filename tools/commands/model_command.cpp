// `msfusion check --model`: the layers, widths and costs of a model file.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.hpp"
#include "sim/base/overloaded.hpp"
#include "sim/base/units.hpp"
#include "sim/base/value_type.hpp"
#include "sim/shape/cost.hpp"
#include "sim/shape/layer_file.hpp"
#include "sim/shape/models.hpp"
#include "tools/commands/commands.hpp"

namespace msfusion {

namespace {

std::string name_of(const Op& op) {
  return std::visit(Overloaded{
                        [](const Conv2d& conv) {
                          return fmt::format("{} {}x{}{}{}", conv.depthwise ? "depthwise" : "conv", conv.kernel,
                                             conv.kernel, conv.groups > 1 ? fmt::format(" in {}", conv.groups) : "",
                                             conv.stride > 1 ? fmt::format(" /{}", conv.stride) : "");
                        },
                        [](const Linear&) -> std::string { return "dense"; },
                        [](const BatchNorm&) -> std::string { return "batch norm"; },
                        [](const GroupNorm&) -> std::string { return "group norm"; },
                        [](const LayerNorm&) -> std::string { return "layer norm"; },
                        [](const Relu&) -> std::string { return "relu"; },
                        [](const Gelu&) -> std::string { return "gelu"; },
                        [](const Activation& activation) -> std::string {
                          constexpr const char* kNames[] = {"relu6",   "silu",         "tanh",
                                                            "sigmoid", "hard sigmoid", "hard swish"};
                          return kNames[static_cast<std::size_t>(activation.kind)];
                        },
                        [](const MaxPool2d& pool) { return fmt::format("max pool {} /{}", pool.kernel, pool.stride); },
                        [](const AvgPool2d& pool) { return fmt::format("mean pool {} /{}", pool.kernel, pool.stride); },
                        [](const GlobalAvgPool&) -> std::string { return "global mean"; },
                        [](const Flatten&) -> std::string { return "flatten"; },
                        [](const Add&) -> std::string { return "sum"; },
                        [](const Concat&) -> std::string { return "concat"; },
                        [](const ToTokens&) -> std::string { return "to tokens"; },
                        [](const ClassToken&) -> std::string { return "class token"; },
                        [](const FirstToken&) -> std::string { return "first token"; },
                        [](const Embedding&) -> std::string { return "embedding"; },
                        [](const PositionEmbedding&) -> std::string { return "positions"; },
                        [](const Attention& attention) { return fmt::format("attention, {}", attention.heads); },
                        [](const Dropout&) -> std::string { return "dropout"; },
                        [](const Lstm&) -> std::string { return "lstm"; },
                    },
                    op);
}

std::string size_of(const Extent& extent) {
  if (extent.positions() == 1) return fmt::format("{}", extent.features.size);
  if (extent.height == 1) return fmt::format("{}x{}", extent.width, extent.features.size);
  return fmt::format("{}x{}x{}", extent.features.size, extent.height, extent.width);
}

std::string axis_of(const Dim& dim) {
  if (dim.axis == kFixed) return "-";
  std::string text = fmt::format("{}", dim.axis + 1);
  if (dim.outer > 1) text = fmt::format("{} x {}", dim.outer, text);
  if (dim.inner > 1) text += fmt::format(" x {}", dim.inner);
  return text;
}

// Weights with the axis of each dimension: 64:2 is cut by axis 2.
std::string weights_of(const Shape& shape, const Layer& layer) {
  if (layer.tensors.empty()) return "";
  std::string text;
  for (const Dim& dim : shape.tensors[static_cast<std::size_t>(layer.tensors.front())].dims)
    text += fmt::format("{}{}{}", text.empty() ? "" : "x", dim.size,
                        dim.axis == kFixed ? "" : fmt::format(":{}", dim.axis + 1));
  return text;
}

void print_layers(const Shape& shape, const SliceCost& cost) {
  std::size_t widest = 5;
  for (const Layer& layer : shape.layers) widest = std::max(widest, layer.name.size());
  const std::string row = "{:<" + std::to_string(widest) + "}  {:<16} {:>13}  {:<24} {:>10} {:>12} {:>14} {:>10}\n";
  fmt::print(fmt::runtime(row), "layer", "kind", "result", "weights", "axis", "parameters", "MACs", "bytes");
  auto part = cost.layers.begin();
  for (std::size_t i = 0; i < shape.layers.size(); ++i) {
    const Layer& layer = shape.layers[i];
    const bool has_cost = part != cost.layers.end() && part->layer == static_cast<int>(i);
    const std::int64_t bytes = std::int64_t{4} * layer.out.features.size * layer.out.positions();
    fmt::print(fmt::runtime(row), layer.name, name_of(layer.op), size_of(layer.out), weights_of(shape, layer),
               axis_of(layer.out.features), has_cost ? part->parameters : 0, has_cost ? part->forward_macs : 0, bytes);
    if (has_cost) ++part;
  }
}

void print_axes(const Shape& shape) {
  fmt::print("\n{} axes can be cut in width:\n", shape.axes.size());
  for (std::size_t i = 0; i < shape.axes.size(); ++i) {
    std::string layers;
    for (const Layer& layer : shape.layers)
      if (layer.out.features.axis == static_cast<AxisId>(i) && !layer.tensors.empty())
        layers += (layers.empty() ? "" : ", ") + layer.name;
    constexpr std::size_t kMost = 100;
    if (layers.size() > kMost) layers = layers.substr(0, layers.find(", ", kMost)) + ", ..";
    fmt::print("{:>5}  {:>5} units  {}\n", i + 1, shape.axes[i].units, layers);
  }
}

}  // namespace

int check_model(const CheckModelCommand& command) {
  std::map<std::string, GivenAttributes::Value> given = {{"file", {command.file, command.file}}};
  if (!command.parameters.empty()) given["parameters"] = {command.parameters, command.parameters};
  GivenAttributes attributes("model", given);
  const ModelOptions model = read_model(attributes);
  std::vector<Mistake> mistakes;
  for (const Objection& objection : attributes.objections())
    mistakes.push_back({"--parameters", 0, objection.found, objection.allowed});
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  const LayerFile& layers = *std::get<FileModelOptions>(model).layers;

  std::vector<int> sizes = layers.sample;
  if (!command.sample.empty()) {
    const auto stated = list_of(whole(1, kLongestSide)).parse(command.sample);
    if (!stated || stated->size() != sizes.size())
      throw UserError(Mistake{"--sample", 0, fmt::format("\"{}\"", command.sample),
                              sizes.size() == 1 ? "how many tokens" : "channels, height and width: \"3 32 32\""});
    sizes.assign(stated->begin(), stated->end());
  }
  SampleShape samples{layers.reads, 1, 1, sizes.front(), command.classes > 0 ? command.classes : layers.classes};
  if (layers.reads == InputKind::image) samples = {layers.reads, sizes[0], sizes[1], sizes[2], samples.classes};
  const Shape shape = build_shape(model, samples);
  const SliceCost cost = slice_cost(shape, full_slice(shape));
  if (!layers.description.empty()) fmt::print("{}: ", layers.description);
  fmt::print("samples of {}, {} classes\n\n", size_of(shape.input), shape.classes);
  print_layers(shape, cost);
  print_axes(shape);
  fmt::print("\n{} parameters ({}); for each sample {:.4g} GMACs forward, {:.4g} in a training step\n", cost.parameters,
             human(4.0 * static_cast<double>(cost.parameters), Quantity::bytes),
             static_cast<double>(cost.forward_macs) / 1e9, static_cast<double>(cost.training_macs) / 1e9);
  return 0;
}

}  // namespace msfusion
