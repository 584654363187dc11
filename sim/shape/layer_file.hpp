// A model as a file of layers: its elements with their attributes, as they were written.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/shape/shape.hpp"
#include "sim/shape/tensor_file.hpp"

namespace msfusion {

constexpr int kLongestSide = 16384;  ///< of a sample

/// An attribute of a layer's element.
struct LayerAttribute {
  const char* name;
  const char* fallback;  ///< what holds without it, as it would be written; null: the attribute is needed
  const char* meaning;
};

/// An element that a model file may have.
struct LayerKind {
  const char* name;
  const char* meaning;
  std::vector<LayerAttribute> attributes;  ///< without those that every layer has
  std::vector<const char*> children;       ///< elements that may stand in it besides layers; "layers": those too
};

/// All of them, in the order in which they are listed.
const std::vector<LayerKind>& layer_kinds();
const LayerKind& layer_kind(const std::string& name);  ///< there must be one

/// name, from and when.
const std::vector<LayerAttribute>& common_layer_attributes();

struct LayerElement {
  std::string kind;
  int line = 0;
  std::map<std::string, std::string> attributes;  ///< all of them are the kind's
  std::vector<LayerElement> children;
};

/// A value that a scenario may replace: $name in the attributes.
struct LayerParameter {
  std::string name, value, meaning;
};

struct LayerFile {
  std::string file;
  std::string description;
  InputKind reads = InputKind::image;
  std::vector<int> sample;  ///< channels, height and width, or tokens: what the model was published for
  int classes = 0;          ///< likewise; the vocabulary of language models
  std::vector<LayerParameter> parameters;
  std::vector<LayerElement> layers;
  std::shared_ptr<const TensorFile> weights;  ///< that the file has; null: none
};

/// Throws UserError with every element and attribute that is not known.
LayerFile read_layer_file(const std::string& file);

}  // namespace msfusion
