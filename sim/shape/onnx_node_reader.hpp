// What a node of an ONNX graph says, checked as it is asked for.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/shape/onnx_file.hpp"

namespace msfusion {

/// Goes from node to node. Every refusal names the file, the node and its operator.
class OnnxNodeReader {
 protected:
  OnnxNodeReader(OnnxGraph graph, std::string file) : graph_(std::move(graph)), file_(std::move(file)) {
    for (const OnnxTensor& constant : graph_.constants) constants_[constant.name] = &constant;
  }

  [[noreturn]] void refuse(const std::string& found, const std::string& allowed) const {
    const std::string name = node_->name.empty() ? fmt::format("node {}", number_) : node_->name;
    throw UserError(Mistake{file_, 0, fmt::format("{} ({}): {}", name, node_->kind, found), allowed});
  }
  void require(bool holds, const std::string& found, const std::string& allowed) const {
    if (!holds) refuse(found, allowed);
  }
  bool has(std::size_t input) const { return input < node_->inputs.size() && !node_->inputs[input].empty(); }
  const OnnxTensor* constant(std::size_t input) const {
    if (!has(input)) return nullptr;
    const auto found = constants_.find(node_->inputs[input]);
    return found == constants_.end() ? nullptr : found->second;
  }
  const OnnxTensor& weight(std::size_t input, std::size_t dimensions) const {
    const OnnxTensor* tensor = constant(input);
    require(tensor != nullptr && !tensor->floats.empty(), fmt::format("input {} is no constant of floats", input + 1),
            "weights in the file, 32-bit floats");
    require(tensor->sizes.size() == dimensions, fmt::format("a weight of {} dimensions", tensor->sizes.size()),
            fmt::format("{}", dimensions));
    return *tensor;
  }
  const OnnxAttribute* attribute(const char* name) const {
    const auto found = node_->attributes.find(name);
    return found == node_->attributes.end() ? nullptr : &found->second;
  }
  std::int64_t whole(const char* name, std::int64_t fallback) const {
    return attribute(name) ? attribute(name)->whole : fallback;
  }
  double real(const char* name, double fallback) const { return attribute(name) ? attribute(name)->real : fallback; }
  /// One number that all entries of a list have.
  std::int64_t same_of(const char* name, std::int64_t fallback) const {
    const OnnxAttribute* list = attribute(name);
    if (list == nullptr || list->wholes.empty()) return fallback;
    const std::int64_t first = list->wholes.front();
    require(std::all_of(list->wholes.begin(), list->wholes.end(), [&](std::int64_t n) { return n == first; }),
            fmt::format("{} differ by direction", name), "equal ones for height and width");
    return first;
  }

  [[noreturn]] void refuse_file(const std::string& found, const std::string& allowed) const {
    throw UserError(Mistake{file_, 0, found, allowed});
  }

  /// The attributes of a convolution or pooling.
  std::map<std::string, std::string> window() const {
    require(!attribute("auto_pad") || attribute("auto_pad")->text == "NOTSET", "padding by a rule", "stated pads");
    require(same_of("dilations", 1) == 1, "dilations", "none");
    require(attribute("kernel_shape") != nullptr && attribute("kernel_shape")->wholes.size() == 2,
            "a kernel that is not two-dimensional", "kernel_shape of height and width");
    return {{"kernel", std::to_string(same_of("kernel_shape", 1))},
            {"stride", std::to_string(same_of("strides", 1))},
            {"padding", std::to_string(same_of("pads", 0))}};
  }

  /// Takes a node of the chain Shape, Gather, Unsqueeze, Concat that makes the sizes for x.view(x.size(0), -1).
  /// False: a node of another use.
  bool read_sizes() {
    const std::string& kind = node_->kind;
    if (const OnnxTensor* value = kind == "Unsqueeze" ? constant(0) : nullptr) {
      constants_[node_->outputs.front()] = value;
      return true;
    }
    const Sizes of = sizes_of(0);
    Sizes made = Sizes::other;
    if (kind == "Shape") {
      made = Sizes::all;
    } else if (kind == "Gather" && of == Sizes::all) {
      const OnnxTensor* index = constant(1);
      require(index != nullptr && index->wholes == std::vector<std::int64_t>{0}, "a size that is not the samples'",
              "x.size(0)");
      made = Sizes::samples;
    } else if (kind == "Unsqueeze" && of == Sizes::samples) {
      made = Sizes::samples;
    } else if (kind == "Concat" && of == Sizes::samples) {
      require(node_->inputs.size() == 2 && constant(1) != nullptr && constant(1)->wholes.size() == 1,
              "sizes other than samples x features", "x.view(x.size(0), -1)");
      made = Sizes::flat;
    } else {
      return false;
    }
    sizes_[node_->outputs.front()] = made;
    return true;
  }
  bool is_flat_shape(std::size_t input) const {
    const OnnxTensor* shape = constant(input);
    return shape != nullptr ? shape->wholes.size() == 2 : sizes_of(input) == Sizes::flat;
  }

  /// Zeros that a Pad puts around maps, at every edge as many.
  std::int64_t zeros_around() const {
    const OnnxAttribute* mode = attribute("mode");
    require(mode == nullptr || mode->text == "constant", fmt::format("pads by the rule {}", mode ? mode->text : ""),
            "zeros");
    const OnnxTensor* value = constant(2);
    require(real("value", 0) == 0 && (value == nullptr || value->floats == std::vector<float>{0}),
            "pads with another value", "zeros");
    std::vector<std::int64_t> pads = attribute("pads") ? attribute("pads")->wholes : std::vector<std::int64_t>();
    if (const OnnxTensor* given = constant(1)) pads = given->wholes;
    const std::int64_t n = pads.size() == 8 ? pads[2] : -1;
    require(n >= 0 && pads == std::vector<std::int64_t>{0, 0, n, n, 0, 0, n, n}, "pads that differ by edge",
            "as many zeros above, below, left and right, stated in the file");
    return n;
  }

  const OnnxGraph graph_;
  const std::string file_;
  std::unordered_map<std::string, const OnnxTensor*> constants_;
  const OnnxNode* node_ = nullptr;
  int number_ = 0;

 private:
  enum class Sizes { other, all, samples, flat };
  Sizes sizes_of(std::size_t input) const {
    const auto found = has(input) ? sizes_.find(node_->inputs[input]) : sizes_.end();
    return found == sizes_.end() ? Sizes::other : found->second;
  }
  std::unordered_map<std::string, Sizes> sizes_;  // per value that is computed from sizes
};

}  // namespace msfusion
