#include "sim/shape/onnx_export.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <unordered_map>

#include "sim/base/error.hpp"
#include "sim/shape/layer_list.hpp"
#include "sim/shape/onnx_fields.hpp"
#include "sim/shape/onnx_file.hpp"

namespace msfusion {

namespace {

using nlohmann::json;
using Wholes = std::vector<std::int64_t>;
using Attributes = std::map<std::string, OnnxAttribute>;

// What is wrong with the list of layers.
class Damage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

constexpr float kNormEpsilon = 1e-5F;

OnnxAttribute whole(std::int64_t value) {
  OnnxAttribute attribute;
  attribute.kind = onnx::kIsWhole;
  attribute.whole = value;
  return attribute;
}
OnnxAttribute real(double value) {
  OnnxAttribute attribute;
  attribute.kind = onnx::kIsReal;
  attribute.real = value;
  return attribute;
}
OnnxAttribute wholes(Wholes values) {
  OnnxAttribute attribute;
  attribute.kind = onnx::kIsWholes;
  attribute.wholes = std::move(values);
  return attribute;
}

class Exporter {
 public:
  Exporter(const TensorFile& model, json about) : about_(std::move(about)) {
    for (const NamedTensor& tensor : model.tensors) tensors_[tensor.name] = &tensor;
  }

  OnnxGraph run() {
    const json& input = about_.at("input");
    const bool is_image = input.at("kind") == "image";
    const std::int64_t width = input.at("width");
    OnnxValue sample{"input", {-1, width}, !is_image};
    if (is_image) sample.sizes = {-1, input.at("features"), input.at("height"), width};
    graph_.inputs.push_back(sample);
    ranks_["input"] = sample.sizes.size();
    for (const json& layer : about_.at("layers")) {
      name_ = layer.at("name");
      inputs_.clear();
      for (const json& from : layer.at("inputs"))
        inputs_.push_back(from.is_null() ? "input" : value_of_.at(from.get<std::string>()));
      const std::string made = add_layer(layer);
      value_of_[name_] = made;
    }
    add_output(is_image, width);
    return std::move(graph_);
  }

 private:
  // -- parts of the graph --

  const NamedTensor& values(const std::string& tensor) const {
    const auto found = tensors_.find(tensor);
    if (found == tensors_.end()) throw Damage("no tensor " + tensor);
    return *found->second;
  }

  // A tensor of the model, as it is.
  std::string tensor(const std::string& name) {
    if (constants_.insert({name, true}).second) {
      const NamedTensor& of = values(name);
      graph_.constants.push_back({name, of.sizes, of.values, {}});
    }
    return name;
  }
  std::string constant(const std::string& end, Wholes sizes, std::vector<float> numbers) {
    graph_.constants.push_back({name_ + end, std::move(sizes), std::move(numbers), {}});
    return name_ + end;
  }
  std::string number(const std::string& end, double value) { return constant(end, {}, {static_cast<float>(value)}); }
  std::string list(const std::string& end, Wholes numbers) {
    graph_.constants.push_back({name_ + end, {static_cast<std::int64_t>(numbers.size())}, {}, std::move(numbers)});
    return name_ + end;
  }

  // The layer's own result has its name; what is in between ends with what it is.
  std::string node(const char* kind, std::vector<std::string> inputs, std::size_t rank, Attributes attributes = {},
                   const std::string& end = "") {
    const std::string name = name_ + end;
    graph_.nodes.push_back({name, kind, std::move(inputs), {name}, std::move(attributes)});
    ranks_[name] = rank;
    return name;
  }
  std::size_t rank(const std::string& value) const { return ranks_.at(value); }
  std::string same(const char* kind, Attributes attributes = {}) {
    return node(kind, {inputs_[0]}, rank(inputs_[0]), std::move(attributes));
  }

  void add_output(bool is_image, std::int64_t width) {
    const std::string& last = value_of_.at(name_);
    const json& layer = about_.at("layers").back();
    const std::int64_t classes = values(layer.at("tensors").front()).sizes.front();
    graph_.outputs.push_back({last, is_image ? Wholes{-1, classes} : Wholes{-1, width, classes}, false});
  }

  // -- layers --

  std::string add_layer(const json& layer) {
    using Make = std::string (Exporter::*)(const json&);
    static const std::unordered_map<std::string, Make> makers = {
        {"conv", &Exporter::conv},
        {"dense", &Exporter::dense},
        {"batch-norm", &Exporter::batch_norm},
        {"group-norm", &Exporter::group_norm},
        {"layer-norm", &Exporter::layer_norm},
        {"gelu", &Exporter::gelu},
        {"relu6", &Exporter::relu6},
        {"silu", &Exporter::silu},
        {"max-pool", &Exporter::pool},
        {"average-pool", &Exporter::pool},
        {"global-average-pool", &Exporter::mean},
        {"to-tokens", &Exporter::to_tokens},
        {"class-token", &Exporter::class_token},
        {"embedding", &Exporter::embedding},
        {"attention", &Exporter::attention},
        {"lstm", &Exporter::lstm},
    };
    const std::string op = layer.at("op");
    if (const auto found = makers.find(op); found != makers.end()) return (this->*found->second)(layer);
    if (op == "dropout") return inputs_[0];
    if (op == "relu") return same("Relu");
    if (op == "tanh") return same("Tanh");
    if (op == "sigmoid") return same("Sigmoid");
    if (op == "hard-sigmoid") return same("HardSigmoid", {{"alpha", real(1.0 / 6)}, {"beta", real(0.5)}});
    if (op == "hard-swish") return same("HardSwish");
    if (op == "flatten") return node("Flatten", {inputs_[0]}, 2, {{"axis", whole(1)}});
    if (op == "add") return node("Add", inputs_, rank(inputs_[0]));
    if (op == "mean") return node("Mean", inputs_, rank(inputs_[0]));
    if (op == "concat") return node("Concat", inputs_, rank(inputs_[0]), {{"axis", whole(1)}});
    if (op == "positions") return node("Add", {inputs_[0], tensor(layer.at("tensors")[0])}, 3);
    if (op == "first-token") {
      graph_.constants.push_back({name_ + "/first", {}, {}, {0}});
      return node("Gather", {inputs_[0], name_ + "/first"}, 2, {{"axis", whole(1)}});
    }
    throw Damage("no operator for " + op);
  }

  std::vector<std::string> with_tensors(const json& layer) {
    std::vector<std::string> all = {inputs_[0]};
    for (const json& name : layer.at("tensors")) all.push_back(tensor(name));
    return all;
  }

  static Attributes window(const json& layer) {
    const std::int64_t kernel = layer.at("kernel"), stride = layer.at("stride"), padding = layer.at("padding");
    return {{"kernel_shape", wholes({kernel, kernel})},
            {"strides", wholes({stride, stride})},
            {"pads", wholes({padding, padding, padding, padding})}};
  }

  std::string conv(const json& layer) {
    Attributes attributes = window(layer);
    const bool is_depthwise = layer.at("depthwise");
    attributes["group"] = whole(is_depthwise ? values(layer.at("tensors")[0]).sizes[0] : layer.at("groups").get<int>());
    return node("Conv", with_tensors(layer), 4, std::move(attributes));
  }

  std::string dense(const json& layer) {
    std::vector<std::string> all = with_tensors(layer);
    if (rank(all[0]) == 4) all[0] = node("Flatten", {all[0]}, 2, {{"axis", whole(1)}}, "/flat");
    if (rank(all[0]) == 2) return node("Gemm", all, 2, {{"transB", whole(1)}});
    const std::string turned = node("Transpose", {all[1]}, 2, {{"perm", wholes({1, 0})}}, "/weight");
    if (all.size() == 2) return node("MatMul", {all[0], turned}, 3);
    return node("Add", {node("MatMul", {all[0], turned}, 3, {}, "/product"), all[2]}, 3);
  }

  std::string batch_norm(const json& layer) {
    std::vector<std::string> all = with_tensors(layer);
    for (const char* statistics : {".running_mean", ".running_var"}) all.push_back(tensor(name_ + statistics));
    return node("BatchNormalization", all, 4, {{"epsilon", real(kNormEpsilon)}});
  }

  std::string group_norm(const json& layer) {
    const std::vector<std::string> all = with_tensors(layer);
    const std::int64_t channels = values(all[1]).sizes[0];
    std::int64_t groups = std::min(layer.at("groups").get<std::int64_t>(), channels);
    while (channels % groups != 0) --groups;
    const auto ones = static_cast<std::size_t>(groups);
    const std::string grouped = node("Reshape", {all[0], list("/groups", {0, groups, -1})}, 3, {}, "/grouped"),
                      normed = node("InstanceNormalization",
                                    {grouped, constant("/ones", {groups}, std::vector<float>(ones, 1)),
                                     constant("/zeros", {groups}, std::vector<float>(ones, 0))},
                                    3, {{"epsilon", real(kNormEpsilon)}}, "/normed"),
                      size = node("Shape", {all[0]}, 1, {}, "/size"),
                      back = node("Reshape", {normed, size}, 4, {}, "/back"),
                      scaled = node("Mul", {back, column(all[1], "/weight")}, 4, {}, "/scaled");
    return node("Add", {scaled, column(all[2], "/bias")}, 4);
  }
  // [c] as [c, 1, 1].
  std::string column(const std::string& vector, const std::string& end) {
    const NamedTensor& of = values(vector);
    return constant(end, {of.sizes[0], 1, 1}, of.values);
  }

  std::string layer_norm(const json& layer) {
    const std::vector<std::string> all = with_tensors(layer);
    const std::size_t size = rank(all[0]);
    const Attributes last = {{"axes", wholes({-1})}, {"keepdims", whole(1)}};
    const std::string mean = node("ReduceMean", {all[0]}, size, last, "/mean"),
                      apart = node("Sub", {all[0], mean}, size, {}, "/apart"),
                      square = node("Mul", {apart, apart}, size, {}, "/square"),
                      variance = node("ReduceMean", {square}, size, last, "/variance"),
                      safe = node("Add", {variance, number("/epsilon", static_cast<double>(kNormEpsilon))}, size, {},
                                  "/safe"),
                      deviation = node("Sqrt", {safe}, size, {}, "/deviation"),
                      normed = node("Div", {apart, deviation}, size, {}, "/normed"),
                      scaled = node("Mul", {normed, all[1]}, size, {}, "/scaled");
    return node("Add", {scaled, all[2]}, size);
  }

  // x (1 + erf(x / sqrt 2)) / 2.
  std::string gelu(const json&) {
    const std::string& x = inputs_[0];
    const std::size_t size = rank(x);
    const std::string small = node("Div", {x, number("/root", std::sqrt(2.0))}, size, {}, "/small"),
                      erf = node("Erf", {small}, size, {}, "/erf"),
                      above = node("Add", {erf, number("/one", 1)}, size, {}, "/above"),
                      twice = node("Mul", {x, above}, size, {}, "/twice");
    return node("Mul", {twice, number("/half", 0.5)}, size);
  }
  std::string relu6(const json&) {
    return node("Clip", {inputs_[0], number("/least", 0), number("/most", 6)}, rank(inputs_[0]));
  }
  std::string silu(const json&) {
    const std::size_t size = rank(inputs_[0]);
    const std::string gate = node("Sigmoid", {inputs_[0]}, size, {}, "/gate");
    return node("Mul", {inputs_[0], gate}, size);
  }

  std::string pool(const json& layer) {
    Attributes attributes = window(layer);
    if (layer.at("op") == "max-pool") return node("MaxPool", {inputs_[0]}, 4, std::move(attributes));
    attributes["count_include_pad"] = whole(1);
    return node("AveragePool", {inputs_[0]}, 4, std::move(attributes));
  }
  std::string mean(const json&) {
    if (rank(inputs_[0]) == 3)
      return node("ReduceMean", {inputs_[0]}, 2, {{"axes", wholes({1})}, {"keepdims", whole(0)}});
    const std::string mean = node("GlobalAveragePool", {inputs_[0]}, 4, {}, "/mean");
    return node("Flatten", {mean}, 2, {{"axis", whole(1)}});
  }

  std::string to_tokens(const json&) {
    const std::string rows = node("Reshape", {inputs_[0], list("/places", {0, 0, -1})}, 3, {}, "/rows");
    return node("Transpose", {rows}, 3, {{"perm", wholes({0, 2, 1})}});
  }
  // The token once for each sample, in front of the others.
  std::string class_token(const json& layer) {
    const std::string token = tensor(layer.at("tensors")[0]);
    const std::int64_t features = values(token).sizes[1];
    const std::string size = node("Shape", {inputs_[0]}, 1, {}, "/size"),
                      samples = node("Slice", {size, list("/begin", {0}), list("/end", {1})}, 1, {}, "/samples"),
                      sizes = node("Concat", {samples, list("/one", {1, features})}, 1, {{"axis", whole(0)}}, "/sizes"),
                      tokens = node("Expand", {token, sizes}, 3, {}, "/tokens");
    return node("Concat", {tokens, inputs_[0]}, 3, {{"axis", whole(1)}});
  }
  std::string embedding(const json& layer) {
    return node("Gather", {tensor(layer.at("tensors")[0]), inputs_[0]}, 3, {{"axis", whole(0)}});
  }

  std::string attention(const json& layer) {
    const std::int64_t heads = layer.at("heads"), tokens = about_.at("input").at("width");
    const std::string split = list("/split", {0, 0, heads, -1}), joined = list("/join", {0, 0, -1});
    const auto by_head = [&](std::size_t input, const char* end, Wholes order) {
      const std::string parts = node("Reshape", {inputs_[input], split}, 4, {}, std::string(end) + "/heads");
      return node("Transpose", {parts}, 4, {{"perm", wholes(std::move(order))}}, end);
    };
    const std::string q = by_head(0, "/query", {0, 2, 1, 3}), k = by_head(1, "/key", {0, 2, 3, 1}),
                      v = by_head(2, "/value", {0, 2, 1, 3});
    std::string scores = node(
        "Div", {node("MatMul", {q, k}, 4, {}, "/products"), number("/divisor", layer.at("divisor"))}, 4, {}, "/scores");
    if (layer.at("causal")) {
      std::vector<float> mask(static_cast<std::size_t>(tokens * tokens));
      for (std::int64_t row = 0; row < tokens; ++row)
        for (std::int64_t column = row + 1; column < tokens; ++column)
          mask[static_cast<std::size_t>(row * tokens + column)] = -1e30F;
      scores = node("Add", {scores, constant("/later", {tokens, tokens}, std::move(mask))}, 4, {}, "/masked");
    }
    const std::string shares = node("Softmax", {scores}, 4, {{"axis", whole(-1)}}, "/shares"),
                      mixed = node("MatMul", {shares, v}, 4, {}, "/mixed"),
                      back = node("Transpose", {mixed}, 4, {{"perm", wholes({0, 2, 1, 3})}}, "/back");
    return node("Reshape", {back, joined}, 3);
  }

  // Gates come as input, forget, cell, output; ONNX has them as input, output, forget, cell.
  std::vector<float> reordered(const NamedTensor& of) const {
    const std::size_t gate = of.values.size() / 4;
    std::vector<float> result;
    for (const std::size_t from : {0, 3, 1, 2})
      result.insert(result.end(), of.values.begin() + static_cast<std::ptrdiff_t>(from * gate),
                    of.values.begin() + static_cast<std::ptrdiff_t>((from + 1) * gate));
    return result;
  }
  std::string lstm(const json& layer) {
    const NamedTensor &of_input = values(layer.at("tensors")[0]), &of_state = values(layer.at("tensors")[1]),
                      &bias = values(layer.at("tensors")[2]);
    const std::int64_t hidden = of_state.sizes[1];
    std::vector<float> biases = reordered(bias);
    biases.resize(2 * biases.size());  // those of the state are 0
    const std::string x = node("Transpose", {inputs_[0]}, 3, {{"perm", wholes({1, 0, 2})}}, "/steps"),
                      w = constant("/weight_ih", {1, 4 * hidden, of_input.sizes[1]}, reordered(of_input)),
                      r = constant("/weight_hh", {1, 4 * hidden, hidden}, reordered(of_state)),
                      b = constant("/bias", {1, 8 * hidden}, std::move(biases)),
                      states = node("LSTM", {x, w, r, b}, 4, {{"hidden_size", whole(hidden)}}, "/states"),
                      only = node("Squeeze", {states, list("/direction", {1})}, 3, {}, "/only");
    return node("Transpose", {only}, 3, {{"perm", wholes({1, 0, 2})}});
  }

  const json about_;
  std::unordered_map<std::string, const NamedTensor*> tensors_;
  OnnxGraph graph_;
  std::unordered_map<std::string, std::string> value_of_;  // per layer
  std::unordered_map<std::string, std::size_t> ranks_;     // per value: its number of dimensions
  std::unordered_map<std::string, bool> constants_;
  std::string name_;                 // the layer's
  std::vector<std::string> inputs_;  // the layer's, as values
};

}  // namespace

std::string to_onnx(const TensorFile& model, const std::string& name) {
  const auto about = model.metadata.find(kLayerListKey);
  if (about == model.metadata.end())
    throw UserError(Mistake{name, 0, "the model's layers are not in its metadata",
                            "a model that this version trained; .safetensors for others"});
  std::map<std::string, std::string> metadata = model.metadata;
  for (const char* key : {kLayerListKey, "format", "dimensions"}) metadata.erase(key);
  const auto damaged = [&](const std::string& how) {
    return UserError(Mistake{name, 0, fmt::format("the layers in its metadata are damaged: {}", how),
                             "a model as `msfusion run` left it"});
  };
  try {
    return onnx_bytes(Exporter(model, json::parse(about->second)).run(), metadata);
  } catch (const json::exception& error) {
    throw damaged(error.what());
  } catch (const Damage& damage) {
    throw damaged(damage.what());
  } catch (const std::out_of_range&) {
    throw damaged("one reads what no layer makes");
  }
}

}  // namespace msfusion
