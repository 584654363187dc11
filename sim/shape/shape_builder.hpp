// Builds a Shape layer by layer; which widths are one axis follows from how the layers are connected.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "sim/shape/shape.hpp"

namespace msfusion {

/// Every layer that makes a new width adds a vertex to a graph; every layer that needs two widths to agree (a residual
/// sum, the queries and keys of attention) adds an edge. The connected components are the axes, and a component that
/// contains the sample's own features or the logits is fixed. Methods return the new layer's number, to be the input of
/// later ones.
class ShapeBuilder {
 public:
  ShapeBuilder(std::string name, InputKind kind, Extent input, int classes);

  int conv(const std::string& name, int input, int channels, int kernel, int stride, int padding, bool bias);
  int depthwise(const std::string& name, int input, int kernel, int stride, int padding, bool bias);
  /// Both numbers of channels are multiples of `groups`.
  int grouped(const std::string& name, int input, int channels, int groups, int kernel, int stride, int padding,
              bool bias);
  int linear(const std::string& name, int input, int features, bool bias = true);
  /// A linear layer whose output is `heads` repetitions of an axis of features / heads units.
  int head_linear(const std::string& name, int input, int heads, int features);
  int batch_norm(const std::string& name, int input);
  int group_norm(const std::string& name, int input, int groups);
  int layer_norm(const std::string& name, int input);
  int relu(const std::string& name, int input);
  int gelu(const std::string& name, int input);
  int activation(const std::string& name, int input, Activation::Kind kind);
  int max_pool(const std::string& name, int input, int kernel, int stride, int padding = 0);
  int average_pool(const std::string& name, int input, int kernel, int stride, int padding);
  int global_average_pool(const std::string& name, int input);
  int flatten(const std::string& name, int input);
  int add(const std::string& name, int a, int b);
  int concat(const std::string& name, std::vector<int> inputs);
  int to_tokens(const std::string& name, int input);
  int class_token(const std::string& name, int input, double deviation);
  int first_token(const std::string& name, int input);
  int dropout(const std::string& name, int input, double probability);
  int embedding(const std::string& name, int vocabulary, int features, double deviation = 1);
  int position_embedding(const std::string& name, int input, double deviation = 1);
  int attention(const std::string& name, int q, int k, int v, int heads, bool causal);
  int lstm(const std::string& name, int input, int hidden);
  int classifier(const std::string& name, int input, bool bias = true);  ///< linear to the logits; the last layer
  /// The same with the weight of an embedding of as many tokens as there are classes, and without a bias.
  int tied_classifier(const std::string& name, int input, int embedding);

  const Extent& extent(int layer) const;
  const std::vector<Layer>& layers() const { return shape_.layers; }
  const std::vector<ParameterTensor>& tensors() const { return shape_.tensors; }

  /// How far it is built; rewind() takes back what was built since.
  struct Mark {
    std::size_t layers, tensors, widths, edges;
  };
  Mark mark() const { return {shape_.layers.size(), shape_.tensors.size(), shape_.axes.size(), same_.size()}; }
  void rewind(const Mark& to);

  Shape build() &&;

 private:
  AxisId new_width(const std::string& name, int units);
  void join(AxisId a, AxisId b) { same_.emplace_back(a, b); }
  int tensor(const std::string& name, std::vector<Dim> dims, Init init);
  int push(Layer layer);
  int norm(const std::string& name, int input, Op op);
  int unary(const std::string& name, int input, Op op);
  int dense(const std::string& name, int input, Dim out, bool bias = true);
  int pool(const std::string& name, int input, int kernel, int stride, int padding, Op op);

  Shape shape_;                                  // dims carry width vertices until build()
  std::vector<std::pair<AxisId, AxisId>> same_;  // edges of the width graph
  AxisId input_width_ = 0, logits_width_ = 0;
};

}  // namespace msfusion
