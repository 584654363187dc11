// Models of layer files for the tests of the learning room.
#pragma once

#include <memory>
#include <string>

#include "sim/shape/layer_file.hpp"
#include "sim/shape/models.hpp"
#include "tests/support/paths.hpp"

namespace msfusion::test {

/// A model file that ships, with other values for some of its parameters.
inline ModelOptions file_model(const std::string& name, std::map<std::string, std::string> parameters) {
  FileModelOptions model;
  model.layers = std::make_shared<LayerFile>(read_layer_file(source_file("scenarios/models/" + name + ".xml")));
  model.parameters = std::move(parameters);
  return model;
}

/// A model of layers that no shipped file has.
inline ModelOptions mixed_model() {
  const auto layer = [](const char* kind, std::map<std::string, std::string> attributes = {}) {
    return LayerElement{kind, 0, std::move(attributes), {}};
  };
  LayerFile file;
  file.file = "mixed";
  file.layers = {layer("conv", {{"channels", "6"}}),
                 layer("silu"),
                 layer("average-pool", {{"kernel", "3"}, {"stride", "1"}, {"padding", "1"}}),
                 layer("concat"),
                 layer("conv", {{"channels", "8"}}),
                 layer("tanh"),
                 layer("concat"),
                 layer("conv", {{"channels", "12"}, {"groups", "4"}}),
                 layer("hard-swish"),
                 layer("max-pool", {{"kernel", "3"}, {"stride", "2"}, {"padding", "1"}}),
                 layer("conv", {{"depthwise", "yes"}}),
                 layer("hard-sigmoid"),
                 layer("sigmoid"),
                 layer("global-average-pool"),
                 layer("classifier", {{"bias", "no"}})};
  LayerElement bend = layer("branch");
  bend.children = {layer("conv", {{"channels", "6"}, {"kernel", "1"}}), layer("norm"), layer("relu6")};
  file.layers[3].children = {layer("branch"), bend};
  LayerElement thin = layer("branch");
  thin.children = {layer("conv", {{"channels", "4"}})};
  file.layers[6].children = {layer("branch"), thin};  // 8 and 4 channels
  FileModelOptions model;
  model.layers = std::make_shared<LayerFile>(std::move(file));
  return model;
}

inline ModelOptions small_mobilenet() {
  return file_model("mobilenet-v2", {{"widths", "4 8"},
                                     {"blocks", "1 2"},
                                     {"strides", "1 2"},
                                     {"expansion", "3"},
                                     {"stem", "6"},
                                     {"stem_stride", "1"},
                                     {"last", "12"}});
}

}  // namespace msfusion::test
