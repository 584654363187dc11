#include "sim/shape/onnx_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <unordered_map>

#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"
#include "sim/shape/onnx_node_reader.hpp"

namespace msfusion {

namespace {

constexpr std::uintmax_t kMostBytes = std::uintmax_t{8} << 30;
constexpr const char* kKnown =
    "Conv, Gemm, MatMul and Add, BatchNormalization, Relu, Clip to 0 .. 6, Sigmoid, x times its Sigmoid, Tanh, "
    "HardSigmoid, HardSwish, MaxPool, AveragePool, Pad before a Conv or AveragePool, "
    "GlobalAveragePool, ReduceMean, Flatten, Reshape to flat, Add, Concat, Dropout, Identity, Constant, Softmax";

class Reader : private OnnxNodeReader {
 public:
  Reader(OnnxGraph graph, const std::string& file) : OnnxNodeReader(std::move(graph), file) { model_.file = file; }

  LayerFile read() {
    read_input();
    for (const OnnxNode& node : graph_.nodes)
      for (const std::string& input : node.inputs) ++readers_[input];
    for (number_ = 1; number_ <= static_cast<int>(graph_.nodes.size()); ++number_) {
      node_ = &graph_.nodes[static_cast<std::size_t>(number_) - 1];
      if (node_->outputs.empty() || node_->outputs.front().empty()) refuse("without a result", "a result");
      read_node();
    }
    make_classifier();
    model_.weights = std::make_shared<TensorFile>(std::move(weights_));
    return std::move(model_);
  }

 private:
  void read_input() {
    const OnnxValue* input = nullptr;
    for (const OnnxValue& value : graph_.inputs) {
      if (constants_.count(value.name) > 0) continue;
      if (input != nullptr) refuse_file("several inputs", "one input");
      input = &value;
    }
    if (input == nullptr) refuse_file("no input", "one input");
    std::vector<std::int64_t> sizes = input->sizes;
    if (sizes.size() == 2) sizes.insert(sizes.end(), 2, 1);
    const bool known = sizes.size() == 4 && std::all_of(sizes.begin() + 1, sizes.end(), [](std::int64_t size) {
                         return size >= 1 && size <= kLongestSide;
                       });
    if (!known)
      refuse_file(
          fmt::format("the input {} is not samples x channels x height x width, or samples x features", input->name),
          "these sizes, stated in the file");
    model_.sample.assign(sizes.begin() + 1, sizes.end());
    layer_of_[input->name] = "";
    if (graph_.outputs.size() != 1) refuse_file(fmt::format("{} outputs", graph_.outputs.size()), "one output");
  }

  // The layer that made an input; empty: the sample.
  const std::string& layer(std::size_t input) const {
    require(padding_of(input) == 0 || node_->kind == "Conv" || node_->kind == "AveragePool",
            "reads what zeros were put around", "a Conv or AveragePool after a Pad");
    require(has(input), fmt::format("has no input {}", input + 1), "an input");
    const auto found = layer_of_.find(node_->inputs[input]);
    require(found != layer_of_.end(), fmt::format("reads {}, which no layer makes", node_->inputs[input]),
            "the result of a layer");
    return found->second;
  }

  LayerElement& add(const std::string& kind, std::string name, std::map<std::string, std::string> attributes = {}) {
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_') c = '_';
    if (name.empty() || names_.count(name) > 0)
      name = fmt::format("{}{}", name.empty() ? "layer" : name + "_", number_);
    names_.insert(name);
    if (const std::string& from = layer(0); !from.empty()) attributes["from"] = from;
    attributes["name"] = name;
    model_.layers.push_back({kind, number_, std::move(attributes), {}});
    elements_[name] = model_.layers.size() - 1;
    layer_of_[node_->outputs.front()] = name;
    return model_.layers.back();
  }

  void same_as_input() { layer_of_[node_->outputs.front()] = layer(0); }

  // "features.0" of "features.0.weight"; the node's own name where the weight's says nothing.
  std::string name_by(const OnnxTensor& weight) const {
    const std::string end = ".weight", &name = weight.name;
    const bool is_named = name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
    if (is_named) return name.substr(0, name.size() - end.size());
    return node_name();
  }
  std::string node_name() const {
    std::string name = node_->name.empty() ? node_->kind + std::to_string(number_) : node_->name;
    return name.front() == '/' ? name.substr(1) : name;
  }

  void keep(const std::string& name, std::vector<std::int64_t> sizes, std::vector<float> values) {
    weights_.tensors.push_back({name, std::move(sizes), std::move(values)});
  }
  void keep(const std::string& name, const OnnxTensor& t) { keep(name, t.sizes, t.floats); }

  void read_node() {
    if (read_sizes()) return;
    using Read = void (Reader::*)();
    static const std::unordered_map<std::string, Read> known = {
        {"Conv", &Reader::conv},
        {"Gemm", &Reader::gemm},
        {"MatMul", &Reader::product},
        {"BatchNormalization", &Reader::norm},
        {"Relu", &Reader::element_wise},
        {"Sigmoid", &Reader::element_wise},
        {"Tanh", &Reader::element_wise},
        {"HardSwish", &Reader::hard},
        {"HardSigmoid", &Reader::hard},
        {"Mul", &Reader::times_sigmoid},
        {"Clip", &Reader::clip},
        {"Pad", &Reader::pad},
        {"MaxPool", &Reader::pool},
        {"AveragePool", &Reader::pool},
        {"GlobalAveragePool", &Reader::global_pool},
        {"ReduceMean", &Reader::mean},
        {"Flatten", &Reader::flatten},
        {"Reshape", &Reader::reshape},
        {"Add", &Reader::sum},
        {"Concat", &Reader::concat},
        {"Dropout", &Reader::same_as_input},
        {"Identity", &Reader::identity},
        {"Cast", &Reader::identity},
        {"Constant", &Reader::constant_node},
        {"Softmax", &Reader::same_as_input},
        {"LogSoftmax", &Reader::same_as_input},
    };
    const auto found = known.find(node_->kind);
    require(found != known.end(), "this operator is not known", fmt::format("one of {}", kKnown));
    (this->*found->second)();
  }

  std::int64_t padding_of(std::size_t input) const {
    const auto found = has(input) ? padding_.find(node_->inputs[input]) : padding_.end();
    return found == padding_.end() ? 0 : found->second;
  }

  // PyTorch pads before every average pooling, with nothing too. The layer that reads it has the padding.
  void pad() {
    padding_[node_->outputs.front()] = zeros_around();
    same_as_input();
  }

  void identity() {
    if (const OnnxTensor* value = constant(0))
      constants_[node_->outputs.front()] = value;
    else
      same_as_input();
  }

  void constant_node() {
    const OnnxAttribute* value = attribute("value");
    require(value != nullptr, "no tensor", "a tensor as its value");
    constants_[node_->outputs.front()] = &value->tensor;
  }

  std::map<std::string, std::string> padded_window() const {
    auto attributes = window();
    attributes["padding"] = std::to_string(std::stoll(attributes["padding"]) + padding_of(0));
    return attributes;
  }

  void conv() {
    const OnnxTensor& w = weight(1, 4);
    auto attributes = padded_window();
    attributes["channels"] = std::to_string(w.sizes[0]);
    attributes["groups"] = std::to_string(whole("group", 1));
    attributes["bias"] = has(2) ? "yes" : "no";
    const std::string name = add("conv", name_by(w), attributes).attributes["name"];
    keep(name + ".weight", w);
    if (has(2)) keep(name + ".bias", weight(2, 1));
  }

  static std::vector<float> transposed(const OnnxTensor& w) {
    const auto rows = static_cast<std::size_t>(w.sizes[0]), columns = static_cast<std::size_t>(w.sizes[1]);
    std::vector<float> result(w.floats.size());
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) result[c * rows + r] = w.floats[r * columns + c];
    return result;
  }

  std::string dense(const OnnxTensor& w, bool is_transposed, bool has_bias) {
    if (layer(0).empty()) flatten_for_dense();
    const std::int64_t units = w.sizes[is_transposed ? 0 : 1], inputs = w.sizes[is_transposed ? 1 : 0];
    const std::string name =
        add("dense", name_by(w), {{"units", std::to_string(units)}, {"bias", has_bias ? "yes" : "no"}})
            .attributes["name"];
    keep(name + ".weight", {units, inputs}, is_transposed ? w.floats : transposed(w));
    return name;
  }

  void flatten_for_dense() {  // rows of numbers come as channels of one pixel
    const std::string name = "flatten_input";
    if (names_.insert(name).second) model_.layers.push_back({"flatten", number_, {{"name", name}}, {}});
    layer_of_[node_->inputs.front()] = name;
  }

  void gemm() {
    require(real("alpha", 1) == 1 && real("beta", 1) == 1 && whole("transA", 0) == 0, "factors or a transposed input",
            "alpha and beta 1, transA 0");
    const std::string name = dense(weight(1, 2), whole("transB", 0) == 1, has(2));
    if (has(2)) keep(name + ".bias", weight(2, 1));
  }

  void product() { dense(weight(1, 2), false, false); }

  void norm() {
    require(std::abs(real("epsilon", 1e-5) - 1e-5) < 1e-9, fmt::format("epsilon {}", real("epsilon", 1e-5)), "1e-5");
    const OnnxTensor& scale = weight(1, 1);
    const std::string name = add("norm", name_by(scale)).attributes["name"];
    keep(name + ".weight", scale);
    keep(name + ".bias", weight(2, 1));
  }

  void element_wise() {
    std::string kind = node_->kind;
    kind[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(kind[0])));
    add(kind, node_name());
  }

  void hard() {
    const bool is_swish = node_->kind == "HardSwish";
    require(is_swish || (std::abs(real("alpha", 0.2) - 1.0 / 6) < 1e-4 && real("beta", 0.5) == 0.5),
            fmt::format("slope {}", real("alpha", 0.2)), "1/6, as PyTorch has it");
    add(is_swish ? "hard-swish" : "hard-sigmoid", node_name());
  }

  // SiLU, as PyTorch writes it.
  void times_sigmoid() {
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const auto element = elements_.find(layer(side));
      if (element == elements_.end() || element->second + 1 != model_.layers.size()) continue;
      LayerElement& sigmoid = model_.layers[element->second];
      const auto from = sigmoid.attributes.find("from");
      const bool is_own = from == sigmoid.attributes.end() ? layer(1 - side).empty() : from->second == layer(1 - side);
      if (sigmoid.kind != "sigmoid" || !is_own || readers_[node_->inputs[side]] != 1) continue;
      sigmoid.kind = "silu";
      layer_of_[node_->outputs.front()] = element->first;
      return;
    }
    refuse("a product of two results", "x times its own Sigmoid (SiLU)");
  }

  void clip() {
    const auto bound = [&](std::size_t input, const char* name) {
      const OnnxTensor* tensor = constant(input);
      if (tensor && tensor->floats.size() == 1) return static_cast<double>(tensor->floats.front());
      return real(name, std::nan(""));
    };
    require(bound(1, "min") == 0 && bound(2, "max") == 6, "other bounds than 0 and 6", "0 and 6 (ReLU6)");
    add("relu6", node_name());
  }

  void pool() {
    require(whole("ceil_mode", 0) == 0, "sizes that are rounded up", "ceil_mode 0");
    const bool is_max = node_->kind == "MaxPool";
    require(is_max || same_of("pads", 0) == 0 || whole("count_include_pad", 0) == 1,
            "a mean that leaves out the padding", "count_include_pad 1");
    add(is_max ? "max-pool" : "average-pool", node_name(), padded_window());
  }

  void global_pool() { pooled_.insert(add("global-average-pool", node_name()).attributes["name"]); }

  void mean() {
    std::vector<std::int64_t> axes = attribute("axes") ? attribute("axes")->wholes : std::vector<std::int64_t>();
    if (const OnnxTensor* given = constant(1)) axes = given->wholes;
    for (std::int64_t& axis : axes)
      if (axis < 0) axis += 4;
    require(axes == std::vector<std::int64_t>{2, 3}, "a mean over other dimensions", "height and width");
    global_pool();
  }

  void flatten() {
    require(whole("axis", 1) == 1, fmt::format("from dimension {}", whole("axis", 1)), "from dimension 1");
    make_flat();
  }
  void reshape() {
    require(is_flat_shape(1), "to other sizes than samples x features",
            "a constant shape of two sizes; torch.flatten(x, 1) gives one");
    make_flat();
  }
  // What was pooled globally is flat already.
  void make_flat() {
    if (pooled_.count(layer(0)) > 0 || flat_.count(layer(0)) > 0)
      same_as_input();
    else
      flat_.insert(add("flatten", node_name()).attributes["name"]);
  }

  void sum() {
    for (const std::size_t side : {std::size_t{0}, std::size_t{1}}) {
      const OnnxTensor* bias = constant(side);
      if (bias == nullptr) continue;
      // The bias of the product before it.
      const std::string& before = layer(1 - side);
      const auto element = elements_.find(before);
      const bool is_product = element != elements_.end() && model_.layers[element->second].kind == "dense" &&
                              model_.layers[element->second].attributes["bias"] == "no" &&
                              readers_[node_->inputs[1 - side]] == 1 && bias->sizes.size() == 1;
      require(is_product, "a constant is added", "a bias after a MatMul, or another layer's result");
      model_.layers[element->second].attributes["bias"] = "yes";
      keep(before + ".bias", *bias);
      layer_of_[node_->outputs.front()] = before;
      return;
    }
    const std::string& other = layer(1);
    require(!other.empty() && !layer(0).empty(), "the sample is added", "results of layers");
    add("add", node_name(), {{"with", other}});
  }

  void concat() {
    require(whole("axis", 1) == 1, "not along the channels", "axis 1");
    std::string others;
    for (std::size_t i = 1; i < node_->inputs.size(); ++i) {
      require(!layer(i).empty(), "the sample is among them", "results of layers");
      others += (i > 1 ? " " : "") + layer(i);
    }
    add("concat", node_name(), {{"with", others}});
  }

  // The last dense layer.
  void make_classifier() {
    const auto found = layer_of_.find(graph_.outputs.front().name);
    const auto element = found == layer_of_.end() ? elements_.end() : elements_.find(found->second);
    if (element == elements_.end() || model_.layers[element->second].kind != "dense")
      refuse_file("the output is not that of a dense layer", "a network that ends with a Gemm: its classes");
    LayerElement last = std::move(model_.layers[element->second]);
    model_.layers.erase(model_.layers.begin() + static_cast<std::ptrdiff_t>(element->second));
    model_.classes = static_cast<int>(std::min<std::int64_t>(std::stoll(last.attributes.at("units")), 1'000'000));
    last.attributes.erase("units");
    last.kind = "classifier";
    model_.layers.push_back(std::move(last));
  }

  LayerFile model_;
  TensorFile weights_;
  std::unordered_map<std::string, std::string> layer_of_;  // per value: the layer that makes it; empty: the sample
  std::unordered_map<std::string, std::size_t> elements_;  // per layer: its place
  std::unordered_map<std::string, int> readers_;
  std::unordered_map<std::string, std::int64_t> padding_;  // per result of a Pad
  std::set<std::string> names_, pooled_, flat_;
};

}  // namespace

LayerFile onnx_model(const std::string& bytes, const std::string& file) {
  LayerFile model = Reader(parse_onnx(bytes, file), file).read();
  model.description = std::filesystem::path(file).stem().string();
  return model;
}

LayerFile read_onnx_model(const std::string& file) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) throw UserError(Mistake{file, 0, "no such file", "an ONNX file"});
  if (std::filesystem::file_size(file, error) > kMostBytes)
    throw UserError(Mistake{file, 0, "is too large", "at most 8 GiB"});
  InputLog::note(file);
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return onnx_model(bytes, file);
}

}  // namespace msfusion
