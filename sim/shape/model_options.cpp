#include "sim/shape/model_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "sim/base/overloaded.hpp"
#include "sim/base/spelling.hpp"
#include "sim/shape/layer_file.hpp"
#include "sim/shape/layers_in_place.hpp"
#include "sim/shape/onnx_model.hpp"

namespace msfusion {

namespace {

constexpr int kMostUnits = 65536, kMostLayers = 1000, kLargestKernel = 31;

constexpr std::array<Choice<bool>, 2> kPaddings{{{true, "same", ""}, {false, "none", ""}}};
constexpr std::array<Choice<bool>, 2> kPools{{{true, "each", ""}, {false, "last", ""}}};
constexpr std::array<Choice<bool>, 2> kBlocks{{{false, "basic", ""}, {true, "bottleneck", ""}}};
constexpr std::array<Choice<bool>, 2> kLanguageObjectives{{{false, "causal", ""}, {true, "masked", ""}}};
constexpr std::array<Choice<bool>, 2> kNormOrders{{{false, "post", ""}, {true, "pre", ""}}};
constexpr std::array<Choice<NormKind>, 3> kNorms{{
    {NormKind::none, "none", "no normalisation"},
    {NormKind::batch, "batch", "batch statistics"},
    {NormKind::group, "group", "group norm"},
}};

TypeOf<std::int64_t> units() {
  return whole(1, kMostUnits);
}

/// The rows of a model with convolutions.
template <class Spec>
std::vector<Attribute<Spec>> norm_rows() {
  return {
      attribute<Spec>("norm", &Spec::norm, one_of_table("norm", kNorms),
                      "Normalisation after convolutions. batch: batch statistics, none stored in training, as in "
                      "HeteroFL; group: group norm.",
                      "group where batches are tiny; none for networks without it."),
      attribute<Spec>("groups", &Spec::groups, units(),
                      "Groups; a slice uses the largest divisor of its channels that is not larger.",
                      "1 gives layer norm.")
          .in("groups")
          .only_with(
              "norm", [](const Spec& spec) { return spec.norm == NormKind::group; }, "norm=\"group\""),
  };
}

template <class Spec>
Vocabulary<Spec> with_norms(Vocabulary<Spec> vocabulary) {
  for (Attribute<Spec>& row : norm_rows<Spec>()) vocabulary.attributes.push_back(std::move(row));
  return vocabulary;
}

const Vocabulary<MlpOptions>& mlp_vocabulary() {
  static const Vocabulary<MlpOptions> all{
      {attribute<MlpOptions>("hidden", &MlpOptions::hidden, list_of(units()), "Units of each hidden layer.",
                             "More units learn more and cost more.")
           .in("units")},
      {}};
  return all;
}

const Vocabulary<CnnOptions>& cnn_vocabulary() {
  using C = CnnOptions;
  static const Vocabulary<C> all = with_norms<C>(
      {{
           attribute<C>("channels", &C::channels, list_of(units()),
                        "Channels of each convolution; each is followed by norm, ReLU and pooling.",
                        "One number a convolution.")
               .in("channels"),
           attribute<C>("kernel", &C::kernel, whole(1, kLargestKernel), "Side of every convolution's kernel.",
                        "5 in older networks; odd where padding=\"same\".")
               .in("pixels"),
           attribute<C>("padding", &C::same_padding, one_of_table("padding", kPaddings),
                        "same keeps height and width in a convolution, none loses kernel - 1.",
                        "none for networks such as LeNet."),
           attribute<C>("pool", &C::pool_each, one_of_table("pooling", kPools),
                        "2x2 max-pooling after each convolution or after the last one only.",
                        "last for two convolutions in a row."),
           attribute<C>("dense", &C::dense, list_of(units()),
                        "Hidden units of the layers between the flattened image and the classifier.",
                        "For networks with fully connected layers (128; 120 84).")
               .in("units")
               .absent("none: global average pooling"),
       },
       [](const C& spec, GivenAttributes& given) {
         if (spec.same_padding && !given.refused("padding") && spec.kernel % 2 == 0)
           given.object("kernel", given.quote("kernel"), "with padding=\"same\" an odd number is needed");
       }});
  return all;
}

Attribute<ResNetOptions> resnet_widths() {
  return attribute<ResNetOptions>("widths", &ResNetOptions::widths, list_of(units()), "Channels of each stage.",
                                  "Scale all for a narrower or wider network.")
      .in("channels");
}

void check_stages(const ResNetOptions& spec, GivenAttributes& given) {
  if (spec.widths.size() == spec.blocks.size()) return;
  const std::string name = given.has("blocks") ? "blocks" : "widths";
  given.object(
      name,
      fmt::format("{}: {} widths and {} numbers of blocks", given.quote(name), spec.widths.size(), spec.blocks.size()),
      "as many blocks as widths are needed (both have 4 by default)");
}

const Vocabulary<ResNetOptions>& resnet_vocabulary() {
  using R = ResNetOptions;
  static const Vocabulary<R> all = with_norms<R>(
      {{
           resnet_widths(),
           attribute<R>("blocks", &R::blocks, list_of(whole(1, kMostLayers)),
                        "Blocks of each stage, as many numbers as widths.", "3 4 6 3 with bottleneck is ResNet50.")
               .in("blocks"),
           attribute<R>("block", &R::bottleneck, one_of_table("block", kBlocks),
                        "Two 3x3 convolutions, or 1x1, 3x3, 1x1 with expansion 4.", "bottleneck from ResNet50 on."),
       },
       check_stages});
  return all;
}

const Vocabulary<ResNetOptions>& resnet18_vocabulary() {
  static const Vocabulary<ResNetOptions> all = with_norms<ResNetOptions>({{resnet_widths()}, check_stages});
  return all;
}

template <class Spec>
Attribute<Spec> window_row() {
  return attribute<Spec>("window", &Spec::window, units(), "Tokens of one sample.",
                         "Longer windows see more context; attention costs their square.")
      .in("tokens");
}

const Vocabulary<TransformerOptions>& transformer_vocabulary() {
  using T = TransformerOptions;
  static const Vocabulary<T> all{
      {
          attribute<T>("embedding", &T::embedding, units(), "Width of the token vectors.", "A multiple of heads.")
              .in("units"),
          attribute<T>("heads", &T::heads, units(), "Attention heads.", "Must divide embedding.").in("heads"),
          attribute<T>("ffn", &T::ffn, units(), "Hidden units of the feed-forward layers.",
                       "Often 2 to 4 times embedding.")
              .in("units"),
          attribute<T>("layers", &T::layers, whole(1, kMostLayers), "Number of blocks.",
                       "More layers learn more and cost more.")
              .in("layers"),
          attribute<T>("dropout", &T::dropout, number_below(0, 1),
                       "Probability that an activation is dropped in training.", "0 for very little training."),
          window_row<T>(),
          attribute<T>("objective", &T::masked, one_of_table("language-objective", kLanguageObjectives),
                       "causal predicts the next token; masked predicts hidden ones (15 %, loss on all positions). "
                       "Their perplexities cannot be compared.",
                       "masked to repeat HeteroFL's and FedRolex's released code."),
          attribute<T>("norm-order", &T::pre_norm, one_of_table("norm-order", kNormOrders),
                       "Layer norm after or before each block.", "pre for deep or modern (GPT-2) networks."),
      },
      [](const T& spec, GivenAttributes& given) {
        if (spec.heads > 0 && spec.embedding % spec.heads == 0) return;
        const std::string name = given.has("heads") ? "heads" : "embedding";
        given.object(name,
                     fmt::format("{}: {} heads in an embedding of {}", given.quote(name), spec.heads, spec.embedding),
                     "the heads must divide the embedding");
      }};
  return all;
}

const Vocabulary<LstmOptions>& lstm_vocabulary() {
  using L = LstmOptions;
  static const Vocabulary<L> all{
      {
          attribute<L>("embedding", &L::embedding, units(), "Width of the token vectors.",
                       "More units learn more and cost more.")
              .in("units"),
          attribute<L>("hidden", &L::hidden, units(), "Units of the hidden state of every layer.",
                       "More units learn more and cost more.")
              .in("units"),
          attribute<L>("layers", &L::layers, whole(1, kMostLayers), "Stacked cells.",
                       "More layers learn more and cost more.")
              .in("layers"),
          window_row<L>(),
      },
      {}};
  return all;
}

std::vector<std::string> names_of_attributes(const std::vector<AttributeInfo>& attributes) {
  std::vector<std::string> names;
  for (const AttributeInfo& attribute : attributes) names.push_back(attribute.name);
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr int kLongestParameters = 10000;

const Vocabulary<FileModelOptions>& file_vocabulary() {
  using F = FileModelOptions;
  static const Vocabulary<F> all{{
                                     attribute<F>("file", &F::file, path(),
                                                  "A model file: layers in XML, such as models/vgg11.xml, or a network "
                                                  "in ONNX, whose weights training starts from.",
                                                  "For a model that no kind describes.")
                                         .absent("none: kind is needed"),
                                     attribute<F>("parameters", &F::parameter_text, text_up_to(kLongestParameters),
                                                  "Values for parameters of the model file: \"widths=32 64; depth=2\".",
                                                  "For another member of the file's family.")
                                         .absent("those in the file"),
                                     window_row<F>().absent("as the model file says"),
                                 },
                                 {}};
  return all;
}

void read_parameters(FileModelOptions& model, GivenAttributes& given) {
  std::vector<std::string> names;
  for (const LayerParameter& parameter : model.layers->parameters) names.push_back(parameter.name);
  std::string rest = model.parameter_text;
  while (!trimmed(rest).empty()) {
    const std::string one = rest.substr(0, rest.find(';'));
    rest = one.size() < rest.size() ? rest.substr(one.size() + 1) : "";
    const std::string name = trimmed(one.substr(0, one.find('=')));
    if (one.find('=') == std::string::npos || !contains(names, name)) {
      given.object("parameters", fmt::format("{}: '{}'", given.quote("parameters"), trimmed(one)),
                   names.empty() ? fmt::format("{} has no parameters", model.layers->file)
                                 : "allowed: NAME=VALUE; .. with " + one_of(name, names));
      return;
    }
    model.parameters[name] = trimmed(one.substr(one.find('=') + 1));
  }
}

template <class Spec, const Vocabulary<Spec>& (*vocabulary)()>
ModelKind kind(const char* name, const char* meaning) {
  return {name, meaning, [] { return describe(vocabulary()); },
          [](GivenAttributes& given) -> ModelOptions {
            Spec spec;
            read_options(vocabulary(), spec, given);
            return spec;
          }};
}

}  // namespace

const std::vector<ModelKind>& model_kinds() {
  static const std::vector<ModelKind> all = {
      kind<MlpOptions, mlp_vocabulary>("mlp", "fully connected layers"),
      kind<CnnOptions, cnn_vocabulary>("cnn", "convolutions, norm, ReLU and pooling, then dense layers"),
      kind<ResNetOptions, resnet_vocabulary>("resnet", "pre-activation ResNet with any blocks and widths"),
      kind<ResNetOptions, resnet18_vocabulary>("resnet18",
                                               "pre-activation ResNet of basic blocks, 2 in each of 4 stages"),
      kind<TransformerOptions, transformer_vocabulary>("transformer", "language model, causal or masked"),
      kind<LstmOptions, lstm_vocabulary>("lstm", "recurrent language model"),
  };
  return all;
}

std::vector<AttributeInfo> model_attributes() {
  std::vector<std::string> kinds;
  for (const ModelKind& kind : model_kinds()) kinds.emplace_back(kind.name);
  AttributeInfo name;
  name.name = "kind";
  name.type = words_type("model-kind", kinds);
  name.fallback = "none: file is needed";
  name.meaning = "The kind of model.";
  name.when = "mlp, cnn and the resnets read images; transformer and lstm read text.";
  std::vector<AttributeInfo> all = describe(file_vocabulary());
  for (AttributeInfo& attribute : all)
    if (attribute.name != "file") attribute.needs = "file";
  all.insert(all.begin(), name);
  for (const ModelKind& kind : model_kinds())
    for (AttributeInfo& attribute : kind.attributes()) {
      const auto known =
          std::find_if(all.begin(), all.end(), [&](const AttributeInfo& a) { return a.name == attribute.name; });
      if (known == all.end()) {
        attribute.needs = fmt::format("kind=\"{}\"", kind.name);
        all.push_back(std::move(attribute));
        continue;
      }
      // Of another type in this kind: only the kind itself can say what is allowed.
      if (known->type.name != attribute.type.name) known->type.accepts = [](const std::string&) { return true; };
      known->needs += fmt::format(known->needs == "file" ? " or kind=\"{}\"" : " or \"{}\"", kind.name);
      if (known->fallback != attribute.fallback)
        known->fallback += fmt::format(", {} {}", kind.name, attribute.fallback);
    }
  return all;
}

namespace {

// Objects to attributes that say nothing about a model of layers.
void refuse_others(GivenAttributes& given, const std::vector<std::string>& own, const char* beside) {
  for (const std::string& attribute : names_of_attributes(model_attributes()))
    if (given.has(attribute) && !contains(own, attribute))
      given.object(attribute, fmt::format("{} beside {}", given.quote(attribute), beside),
                   fmt::format("allowed: one of {}", fmt::join(own, ", ")));
}

ModelOptions read_file_model(GivenAttributes& given) {
  FileModelOptions model;
  refuse_others(given, names_of_attributes(describe(file_vocabulary())), "a model file");
  read_options(file_vocabulary(), model, given);
  if (given.refused("file")) return ModelOptions();
  const std::string end = std::filesystem::path(model.file).extension().string();
  model.layers =
      std::make_shared<LayerFile>(end == ".onnx" ? read_onnx_model(model.file) : read_layer_file(model.file));
  read_parameters(model, given);
  if (given.has("window") && model.layers->reads == InputKind::image)
    given.object("window", fmt::format("{}: the model reads images", given.quote("window")), "none");
  return model;
}

}  // namespace

bool reads_text(const ModelOptions& model) {
  return std::visit(Overloaded{
                        [](const TransformerOptions&) { return true; },
                        [](const LstmOptions&) { return true; },
                        [](const FileModelOptions& file) { return file.layers->reads == InputKind::tokens; },
                        [](const auto&) { return false; },
                    },
                    model);
}

int window_of(const ModelOptions& model) {
  return std::visit(Overloaded{
                        [](const TransformerOptions& transformer) { return transformer.window; },
                        [](const LstmOptions& lstm) { return lstm.window; },
                        [](const FileModelOptions& file) {
                          if (file.layers->reads == InputKind::image) return 0;
                          return file.window > 0 ? file.window : file.layers->sample.front();
                        },
                        [](const auto&) { return 0; },
                    },
                    model);
}

ModelOptions read_model(GivenAttributes& given, std::shared_ptr<const LayerFile> in_place) {
  FileModelOptions model;
  std::vector<std::string> own = names_of_attributes(describe(file_vocabulary()));
  own.erase(own.begin());  // file
  refuse_others(given, own, "layers");
  read_options(file_vocabulary(), model, given);
  model.file.clear();
  model.layers = std::move(in_place);
  read_parameters(model, given);
  if (given.has("window") && model.layers->reads == InputKind::image)
    given.object("window", fmt::format("{}: the data are images", given.quote("window")), "none");
  if (!given.has("window") && model.layers->reads == InputKind::tokens)
    given.object("", "<model> has layers, but no window", "needed: window, the tokens of a sample");
  return model;
}

ModelOptions read_model(GivenAttributes& given) {
  if (given.has("file")) return read_file_model(given);
  const std::string name = given.has("kind") ? trimmed(given.value("kind").meant) : "";
  const auto& kinds = model_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const ModelKind& k) { return name == k.name; });
  if (kind == kinds.end()) {
    if (given.has("kind"))
      given.refuse("kind", "allowed: " + model_attributes().front().type.instead_of(given.value("kind").written));
    else
      given.object("", "<model> has no kind, no file and no layers", "needed: one of them");
    return ModelOptions();
  }
  const std::vector<std::string> own = names_of_attributes(kind->attributes());
  for (const std::string& attribute : names_of_attributes(model_attributes()))
    if (attribute != "kind" && given.has(attribute) && !contains(own, attribute))
      given.object(attribute, fmt::format("{}, which kind=\"{}\" does not have", given.quote(attribute), kind->name),
                   fmt::format("allowed: one of {}", fmt::join(own, ", ")));
  return kind->read(given);
}

}  // namespace msfusion
