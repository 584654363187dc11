// A model described without LibTorch: layers, parameter tensors, and the width axes that their dimensions follow.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace msfusion {

using AxisId = int;
inline constexpr AxisId kFixed = -1;  ///< the axis of a dimension that is never split

/// A width of the model that is split as one: all dimensions that follow it are cut by the same index set.
struct Axis {
  std::string name;       ///< of the first layer that produces it
  int units = 0;          ///< K: channels, hidden units, units within a head, or blocks
  bool is_depth = false;  ///< its units are the model's blocks; always the last axis
};

inline constexpr int kNoBlock = -1;

/// One dimension of a tensor or of an activation. Where it follows an axis of K units, the element with index
/// (o * K + u) * inner + i belongs to unit u; o < outer repeats the axis (heads, gates), i < inner are a unit's
/// own elements (the positions of a flattened channel). Invariant: size == outer * K * inner.
struct Dim {
  int size = 1;
  AxisId axis = kFixed;
  int outer = 1;
  int inner = 1;
  int block = kNoBlock;  ///< the dimension is 0 long in a slice that leaves this block out
};

/// How a parameter tensor starts: its values are drawn for the full model, then sliced.
struct Init {
  enum class Kind { constant, uniform, normal };
  Kind kind = Kind::constant;
  double scale = 0;  ///< the constant; or the bound of uniform(-scale, scale); or the standard deviation
};

/// A parameter tensor, e.g. a convolution's weight [out_channels, in_channels, kernel, kernel].
struct ParameterTensor {
  std::string name;  ///< "conv1.weight"
  std::vector<Dim> dims;
  Init init;
  bool is_trained = true;   ///< false: it keeps its start values, which nobody computes a gradient of or sends
  bool is_private = false;  ///< trained, but it stays on the device that trains it: nobody sends it
};

// What a layer computes. Parameter tensors in the order given.
struct Conv2d {
  int kernel, stride, padding;
  bool depthwise = false;  ///< each channel has a kernel of its own: weight [c, 1, k, k]
  int groups = 1;          ///< each reads its own part of the channels; a slice keeps all groups and cuts within them
};                         ///< weight [out, in / groups, k, k], bias [out] if there
struct Linear {};          ///< weight [out, in], bias [out] if there; the weight may be an embedding's
struct BatchNorm {
};  ///< weight [c], bias [c]; batch statistics, none stored in training (HeteroFL's static batch norm)
struct GroupNorm {
  int groups;
};                    ///< weight [c], bias [c]; a slice of m channels uses the largest divisor of m that is <= groups
struct LayerNorm {};  ///< weight [c], bias [c]; over the feature dimension
struct Relu {};
struct Gelu {};
struct Activation {
  enum class Kind { relu6, silu, tanh, sigmoid, hard_sigmoid, hard_swish };
  Kind kind;
};  ///< of every element
struct MaxPool2d {
  int kernel, stride;
  int padding = 0;  ///< with values that are never the largest
};
struct AvgPool2d {
  int kernel, stride, padding;
};                        ///< zeros of the padding count
struct GlobalAvgPool {};  ///< over height and width, or over tokens
struct Flatten {};        ///< [c, h, w] -> [c * h * w], channel-major
struct Add {};            ///< element-wise sum of two inputs
struct Concat {};         ///< the channels of all inputs one after the other
struct ToTokens {};       ///< [c, h, w] -> [h * w, c]
struct ClassToken {};     ///< weight [1, features]: a token in front of the others
struct FirstToken {};     ///< [tokens, features] -> [features]
struct Embedding {
  int vocabulary;
};  ///< weight [vocabulary, features]
struct PositionEmbedding {
  int positions;
};  ///< weight [positions, features], added to its input
struct Attention {
  int heads;
  bool causal;
};  ///< inputs q, k, v: softmax(q k^T / sqrt(full head width)) v
struct Dropout {
  double probability;
};
struct Lstm {
  int hidden_units;
};  ///< weight_ih [4H, in], weight_hh [4H, H], bias [4H] (gates i, f, g, o)

using Op = std::variant<Conv2d, Linear, BatchNorm, GroupNorm, LayerNorm, Relu, Gelu, Activation, MaxPool2d, AvgPool2d,
                        GlobalAvgPool, Flatten, Add, Concat, ToTokens, ClassToken, FirstToken, Embedding,
                        PositionEmbedding, Attention, Dropout, Lstm>;

/// The size of one sample's activation: features x positions, where positions = height x width or tokens.
struct Extent {
  Dim features;
  int height = 1;
  int width = 1;  ///< tokens of a sequence have height 1
  int positions() const { return height * width; }
};

inline constexpr int kModelInput = -1;  ///< as a layer's input: the sample itself
inline constexpr int kNoLayer = -2;

struct Layer {
  std::string name;
  Op op;
  std::vector<int> inputs;   ///< earlier layers, or kModelInput
  std::vector<int> tensors;  ///< into Shape::tensors, in the order that the op names them
  Extent out;
  int block = kNoBlock;  ///< that it belongs to, into Shape::blocks
};

/// A residual block that a sub-model may leave out: what enters it then leaves it unchanged. Or, with exits, a stage or
/// a classifier, after which nothing follows where it is left out.
struct Block {
  int sum;       ///< its last layer; kNoLayer with exits
  int shortcut;  ///< the layer whose result the sum adds to the branch's, or kModelInput
  int tensor;    ///< one of its own, with elements in every slice that keeps the block
};

/// A part of a model that ends in a classifier of its own. A sub-model has the first stages.
struct Stage {
  int logits;                            ///< the last layer of its classifier
  std::vector<std::vector<int>> blocks;  ///< the tensors of each of its blocks, in the layers' order
};

enum class InputKind { image, tokens };

/// LoRA's low-rank update of a dense layer's weight: W + B A, with A [rank, in] and B [out, rank].
struct Adapter {
  int weight, down, up;  ///< W, A and B in Shape::tensors
};

/// The whole model. Layers are in topological order; the last one gives the logits.
struct Shape {
  std::string name;
  InputKind input_kind = InputKind::image;
  Extent input;     ///< image: channels, height, width; tokens: features.size = 1, width = window
  int classes = 0;  ///< of the logits; the vocabulary for language models
  std::vector<Axis> axes;
  std::vector<ParameterTensor> tensors;
  std::vector<Layer> layers;
  std::vector<Adapter> adapters;
  std::vector<Block> blocks;     ///< the units of the depth axis; none: slices keep all layers
  std::vector<Stage> stages;     ///< of a model with exits: the units are all stages, then their classifiers
  bool has_inner_exits = false;  ///< a sub-model has the classifiers of all its stages, not only the last one's
  bool averages_exits = false;   ///< the model's answer is the mean of its classifiers' logits, not the last one's

  /// The layer whose output is the representation z: what the last layer reads.
  int representation_layer() const { return layers.back().inputs.front(); }
};

/// Elements of a full tensor.
std::int64_t element_count(const ParameterTensor& tensor);

}  // namespace msfusion
