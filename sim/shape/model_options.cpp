#include "sim/shape/model_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

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

template <class Spec, const Vocabulary<Spec>& (*vocabulary)()>
ModelKind kind(const char* name, const char* meaning) {
  return {name, meaning, [] { return describe(vocabulary()); },
          [](GivenAttributes& given) -> ModelOptions {
            Spec spec;
            read_options(vocabulary(), spec, given);
            return spec;
          }};
}

std::vector<std::string> names_of_attributes(const std::vector<AttributeInfo>& attributes) {
  std::vector<std::string> names;
  for (const AttributeInfo& attribute : attributes) names.push_back(attribute.name);
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
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
  name.required = true;
  name.meaning = "The kind of model.";
  name.when = "mlp, cnn and the resnets read images; transformer and lstm read text.";
  std::vector<AttributeInfo> all = {name};
  for (const ModelKind& kind : model_kinds())
    for (AttributeInfo& attribute : kind.attributes()) {
      const auto known =
          std::find_if(all.begin(), all.end(), [&](const AttributeInfo& a) { return a.name == attribute.name; });
      if (known == all.end()) {
        attribute.needs = fmt::format("kind=\"{}\"", kind.name);
        all.push_back(std::move(attribute));
        continue;
      }
      known->needs += fmt::format(" or \"{}\"", kind.name);
      if (known->fallback != attribute.fallback)
        known->fallback += fmt::format(", {} {}", kind.name, attribute.fallback);
    }
  return all;
}

ModelOptions read_model(GivenAttributes& given) {
  const std::string name = given.has("kind") ? trimmed(given.value("kind").meant) : "";
  const auto& kinds = model_kinds();
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const ModelKind& k) { return name == k.name; });
  if (kind == kinds.end()) {
    if (given.has("kind"))
      given.refuse("kind", "allowed: " + model_attributes().front().type.instead_of(given.value("kind").written));
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
