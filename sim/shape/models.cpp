#include "sim/shape/models.hpp"

#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/base/input_files.hpp"
#include "sim/base/overloaded.hpp"
#include "sim/shape/layer_graph.hpp"
#include "sim/shape/shape_builder.hpp"
#include "sim/shape/slice.hpp"

namespace msfusion {

namespace {

void require(bool holds, const std::string& found, const std::string& allowed) {
  if (!holds) throw UserError(Mistake{"", 0, found, allowed});
}

int norm_layer(ShapeBuilder& builder, NormKind kind, int groups, const std::string& name, int input) {
  switch (kind) {
    case NormKind::batch:
      return builder.batch_norm(name, input);
    case NormKind::group:
      return builder.group_norm(name, input, groups);
    case NormKind::none:
      break;
  }
  return input;
}

void build(ShapeBuilder& builder, const MlpOptions& spec) {
  int at = builder.flatten("flatten", kModelInput);
  for (std::size_t i = 0; i < spec.hidden.size(); ++i) {
    at = builder.linear(fmt::format("hidden{}", i + 1), at, spec.hidden[i]);
    at = builder.relu(fmt::format("relu{}", i + 1), at);
  }
  builder.classifier("classifier", at);
}

void build(ShapeBuilder& builder, const CnnOptions& spec) {
  const int padding = spec.same_padding ? spec.kernel / 2 : 0;
  int at = kModelInput;
  for (std::size_t i = 0; i < spec.channels.size(); ++i) {
    const Extent& in = builder.extent(at);
    require(in.height + 2 * padding >= spec.kernel && in.width + 2 * padding >= spec.kernel,
            fmt::format("convolution {} of the cnn sees a feature map of {} x {}", i + 1, in.height, in.width),
            fmt::format("at least {0} x {0}: fewer entries in channels, or padding=\"same\"", spec.kernel));
    at = builder.conv(fmt::format("conv{}", i + 1), at, spec.channels[i], spec.kernel, 1, padding,
                      spec.norm == NormKind::none);
    at = norm_layer(builder, spec.norm, spec.groups, fmt::format("norm{}", i + 1), at);
    at = builder.relu(fmt::format("relu{}", i + 1), at);
    const bool pool = spec.pool_each || i + 1 == spec.channels.size();
    if (pool && builder.extent(at).height >= 2 && builder.extent(at).width >= 2)
      at = builder.max_pool(fmt::format("pool{}", i + 1), at, 2, 2);
  }
  at = spec.dense.empty() ? builder.global_average_pool("pool", at) : builder.flatten("flatten", at);
  for (std::size_t i = 0; i < spec.dense.size(); ++i) {
    at = builder.linear(fmt::format("dense{}", i + 1), at, spec.dense[i]);
    at = builder.relu(fmt::format("dense_relu{}", i + 1), at);
  }
  builder.classifier("classifier", at);
}

// Pre-activation block (He et al. 2016): norm, ReLU, then the convolutions; the shortcut's 1x1 convolution reads what
// the first ReLU gives, as in HeteroFL's ResNet.
int residual_block(ShapeBuilder& builder, const ResNetOptions& spec, const std::string& name, int input, int width,
                   int stride) {
  const int out_channels = spec.bottleneck ? 4 * width : width;
  const bool identity = stride == 1 && builder.extent(input).features.size == out_channels;
  const auto active = [&](int number, int from) {
    const int normed = norm_layer(builder, spec.norm, spec.groups, fmt::format("{}.norm{}", name, number), from);
    return builder.relu(fmt::format("{}.relu{}", name, number), normed);
  };
  const int first = active(1, input);
  const int shortcut = identity ? input : builder.conv(name + ".shortcut", first, out_channels, 1, stride, 0, false);
  int at = first;
  if (spec.bottleneck) {
    at = builder.conv(name + ".conv1", at, width, 1, 1, 0, false);
    at = builder.conv(name + ".conv2", active(2, at), width, 3, stride, 1, false);
    at = builder.conv(name + ".conv3", active(3, at), out_channels, 1, 1, 0, false);
  } else {
    at = builder.conv(name + ".conv1", at, width, 3, stride, 1, false);
    at = builder.conv(name + ".conv2", active(2, at), width, 3, 1, 1, false);
  }
  return builder.add(name + ".sum", at, shortcut);
}

void build(ShapeBuilder& builder, const ResNetOptions& spec) {
  int at = builder.conv("stem", kModelInput, spec.widths.front(), 3, 1, 1, false);
  for (std::size_t stage = 0; stage < spec.widths.size(); ++stage)
    for (int block = 0; block < spec.blocks[stage]; ++block)
      at = residual_block(builder, spec, fmt::format("stage{}.block{}", stage + 1, block + 1), at, spec.widths[stage],
                          stage > 0 && block == 0 ? 2 : 1);
  at = norm_layer(builder, spec.norm, spec.groups, "final.norm", at);
  at = builder.relu("final.relu", at);
  at = builder.global_average_pool("pool", at);
  builder.classifier("classifier", at);
}

void build(ShapeBuilder& builder, const TransformerOptions& spec, int vocabulary) {
  require(spec.heads > 0 && spec.embedding % spec.heads == 0,
          fmt::format("embedding {} with {} heads", spec.embedding, spec.heads),
          "an embedding that the number of heads divides");
  // A masked language model reads one more token than it predicts: the mask.
  int at = builder.embedding("embedding", vocabulary + (spec.masked ? 1 : 0), spec.embedding);
  at = builder.position_embedding("positions", at);
  at = builder.dropout("embedding.dropout", at, spec.dropout);
  for (int layer = 1; layer <= spec.layers; ++layer) {
    const auto named = [&](const char* part) { return fmt::format("layer{}.{}", layer, part); };
    const int source = spec.pre_norm ? builder.layer_norm(named("norm1"), at) : at;
    const int q = builder.head_linear(named("query"), source, spec.heads, spec.embedding);
    const int k = builder.head_linear(named("key"), source, spec.heads, spec.embedding);
    const int v = builder.head_linear(named("value"), source, spec.heads, spec.embedding);
    int branch = builder.attention(named("attention"), q, k, v, spec.heads, !spec.masked);
    branch = builder.linear(named("projection"), branch, spec.embedding);
    branch = builder.dropout(named("dropout1"), branch, spec.dropout);
    at = builder.add(named("sum1"), at, branch);
    if (!spec.pre_norm) at = builder.layer_norm(named("norm1"), at);

    branch = spec.pre_norm ? builder.layer_norm(named("norm2"), at) : at;
    branch = builder.linear(named("ffn1"), branch, spec.ffn);
    branch = builder.gelu(named("gelu"), branch);
    branch = builder.linear(named("ffn2"), branch, spec.embedding);
    branch = builder.dropout(named("dropout2"), branch, spec.dropout);
    at = builder.add(named("sum2"), at, branch);
    if (!spec.pre_norm) at = builder.layer_norm(named("norm2"), at);
  }
  if (spec.pre_norm) at = builder.layer_norm("final.norm", at);
  builder.classifier("classifier", at);
}

void build(ShapeBuilder& builder, const LstmOptions& spec, int vocabulary) {
  int at = builder.embedding("embedding", vocabulary, spec.embedding);
  for (int layer = 1; layer <= spec.layers; ++layer) at = builder.lstm(fmt::format("lstm{}", layer), at, spec.hidden);
  builder.classifier("classifier", at);
}

std::vector<int> scaled(std::vector<int> widths, double rate) {
  for (int& width : widths) width = sliced_units(rate, width);
  return widths;
}

}  // namespace

Shape build_shape(const ModelOptions& spec, const SampleShape& samples) {
  const auto builder_for = [&](const char* name, InputKind kind) {
    require(
        samples.kind == kind, fmt::format("model {} on {}", name, samples.kind == InputKind::image ? "images" : "text"),
        kind == InputKind::image ? "mlp, cnn and resnet learn from images" : "transformer and lstm learn from text");
    return ShapeBuilder(name, kind, Extent{Dim{samples.channels, kFixed, 1, 1}, samples.height, samples.width},
                        samples.classes);
  };
  return std::visit(
      Overloaded{
          [&](const MlpOptions& mlp) {
            auto builder = builder_for("mlp", InputKind::image);
            build(builder, mlp);
            return std::move(builder).build();
          },
          [&](const CnnOptions& cnn) {
            auto builder = builder_for("cnn", InputKind::image);
            build(builder, cnn);
            return std::move(builder).build();
          },
          [&](const ResNetOptions& resnet) {
            auto builder = builder_for("resnet", InputKind::image);
            build(builder, resnet);
            return std::move(builder).build();
          },
          [&](const TransformerOptions& transformer) {
            auto builder = builder_for("transformer", InputKind::tokens);
            build(builder, transformer, samples.classes);
            return std::move(builder).build();
          },
          [&](const LstmOptions& lstm) {
            auto builder = builder_for("lstm", InputKind::tokens);
            build(builder, lstm, samples.classes);
            return std::move(builder).build();
          },
          [&](const FileModelOptions& model) {
            const LayerFile& layers = *model.layers;
            require(samples.kind == layers.reads,
                    fmt::format("model {} on {}", layers.file, samples.kind == InputKind::image ? "images" : "text"),
                    fmt::format("it learns from {}", layers.reads == InputKind::image ? "images" : "text"));
            if (!model.file.empty()) InputLog::note(layers.file);
            return narrowed_shape(shape_of_layers(layers, model.parameters, samples), model.rate);
          },
      },
      spec);
}

ModelOptions narrowed(const ModelOptions& spec, double rate) {
  ModelOptions result = spec;
  std::visit(Overloaded{
                 [&](MlpOptions& mlp) { mlp.hidden = scaled(mlp.hidden, rate); },
                 [&](CnnOptions& cnn) {
                   cnn.channels = scaled(cnn.channels, rate);
                   cnn.dense = scaled(cnn.dense, rate);
                 },
                 [&](ResNetOptions& resnet) { resnet.widths = scaled(resnet.widths, rate); },
                 [&](TransformerOptions& transformer) {
                   // Heads stay; what narrows is the width of each.
                   transformer.embedding =
                       transformer.heads * sliced_units(rate, transformer.embedding / transformer.heads);
                   transformer.ffn = sliced_units(rate, transformer.ffn);
                 },
                 [&](LstmOptions& lstm) {
                   lstm.embedding = sliced_units(rate, lstm.embedding);
                   lstm.hidden = sliced_units(rate, lstm.hidden);
                 },
                 [&](FileModelOptions& model) { model.rate = rate; },
             },
             result);
  return result;
}

}  // namespace msfusion
