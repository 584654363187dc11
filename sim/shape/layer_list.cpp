#include "sim/shape/layer_list.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/overloaded.hpp"
#include "sim/shape/adapters.hpp"

namespace msfusion {

namespace {

using nlohmann::json;

json op_of(const Shape& shape, const Layer& layer) {
  constexpr const char* kActivations[] = {"relu6", "silu", "tanh", "sigmoid", "hard-sigmoid", "hard-swish"};
  const auto window = [](const char* op, const auto& of) {
    return json{{"op", op}, {"kernel", of.kernel}, {"stride", of.stride}, {"padding", of.padding}};
  };
  return std::visit(
      Overloaded{
          [&](const Conv2d& op) {
            json conv = window("conv", op);
            conv["groups"] = op.groups;
            conv["depthwise"] = op.depthwise;
            return conv;
          },
          [](const Linear&) {
            return json{{"op", "dense"}};
          },
          [](const BatchNorm&) {
            return json{{"op", "batch-norm"}};
          },
          [](const GroupNorm& op) {
            return json{{"op", "group-norm"}, {"groups", op.groups}};
          },
          [](const LayerNorm&) {
            return json{{"op", "layer-norm"}};
          },
          [](const Relu&) {
            return json{{"op", "relu"}};
          },
          [](const Gelu&) {
            return json{{"op", "gelu"}};
          },
          [&](const Activation& op) {
            return json{{"op", kActivations[static_cast<std::size_t>(op.kind)]}};
          },
          [&](const MaxPool2d& op) { return window("max-pool", op); },
          [&](const AvgPool2d& op) { return window("average-pool", op); },
          [](const GlobalAvgPool&) {
            return json{{"op", "global-average-pool"}};
          },
          [](const Flatten&) {
            return json{{"op", "flatten"}};
          },
          [](const Add&) {
            return json{{"op", "add"}};
          },
          [](const Concat&) {
            return json{{"op", "concat"}};
          },
          [](const ToTokens&) {
            return json{{"op", "to-tokens"}};
          },
          [](const ClassToken&) {
            return json{{"op", "class-token"}};
          },
          [](const FirstToken&) {
            return json{{"op", "first-token"}};
          },
          [](const Embedding&) {
            return json{{"op", "embedding"}};
          },
          [](const PositionEmbedding&) {
            return json{{"op", "positions"}};
          },
          [&](const Attention& op) {
            // Of the full model's heads, in slices too.
            const double width =
                static_cast<double>(shape.layers[static_cast<std::size_t>(layer.inputs.front())].out.features.size) /
                op.heads;
            return json{{"op", "attention"}, {"heads", op.heads}, {"causal", op.causal}, {"divisor", std::sqrt(width)}};
          },
          [](const Dropout&) {
            return json{{"op", "dropout"}};
          },
          [](const Lstm&) {
            return json{{"op", "lstm"}};
          },
      },
      layer.op);
}

// What the adapters' layers are replaced by: the sum by the dense layer, the others by nothing.
void drop_adapters(json& about, const std::set<std::string>& adapted) {
  std::map<std::string, std::string> kept_for;
  std::set<std::string> gone;
  for (const std::string& layer : adapted) {
    kept_for[layer + ".lora"] = layer;
    gone.insert({layer + ".lora", layer + ".lora_a", layer + ".lora_b"});
  }
  json layers = json::array();
  for (json layer : about.at("layers")) {
    if (gone.count(layer.at("name").get<std::string>()) > 0) continue;
    for (json& input : layer.at("inputs"))
      if (input.is_string() && kept_for.count(input.get<std::string>()) > 0)
        input = kept_for.at(input.get<std::string>());
    layers.push_back(layer);
  }
  about["layers"] = layers;
}

}  // namespace

std::string layer_list(const Shape& shape) {
  json about;
  about["input"] = {{"kind", shape.input_kind == InputKind::image ? "image" : "tokens"},
                    {"features", shape.input.features.size},
                    {"height", shape.input.height},
                    {"width", shape.input.width}};
  json& layers = about["layers"] = json::array();
  for (const Layer& layer : shape.layers) {
    json entry = op_of(shape, layer);
    entry["name"] = layer.name;
    json& inputs = entry["inputs"] = json::array();
    for (const int input : layer.inputs)
      inputs.push_back(input == kModelInput ? json(nullptr) : json(shape.layers[static_cast<std::size_t>(input)].name));
    json& tensors = entry["tensors"] = json::array();
    for (const int tensor : layer.tensors) tensors.push_back(shape.tensors[static_cast<std::size_t>(tensor)].name);
    layers.push_back(std::move(entry));
  }
  if (shape.averages_exits && shape.stages.size() > 1) {
    json answer = {{"op", "mean"}, {"name", "mean_of_exits"}, {"tensors", json::array()}};
    for (const Stage& stage : shape.stages)
      answer["inputs"].push_back(shape.layers[static_cast<std::size_t>(stage.logits)].name);
    layers.push_back(std::move(answer));
  }
  return about.dump();
}

TensorFile without_adapters(TensorFile model) {
  std::set<std::string> before, adapted;
  for (const NamedTensor& tensor : model.tensors) before.insert(tensor.name);
  model = merged_adapters(std::move(model));
  for (const NamedTensor& tensor : model.tensors) before.erase(tensor.name);
  const std::string end = ".lora_a.weight";
  for (const std::string& name : before)
    if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0)
      adapted.insert(name.substr(0, name.size() - end.size()));
  if (adapted.empty()) return model;
  const auto change = [&](const char* key, auto&& by) {
    const auto found = model.metadata.find(key);
    if (found == model.metadata.end()) return;
    json value = json::parse(found->second, nullptr, false);
    if (!value.is_object()) return;
    by(value);
    found->second = value.dump();
  };
  change("axes", [&](json& axes) {
    for (const std::string& layer : adapted) axes.erase(layer + ".lora");
  });
  change("dimensions", [&](json& dimensions) {
    for (const std::string& name : before) dimensions.erase(name);
  });
  change(kLayerListKey, [&](json& about) { drop_adapters(about, adapted); });
  return model;
}

}  // namespace msfusion
