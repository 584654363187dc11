// The layers that a model file's elements make, each from what it reads.
#include <algorithm>
#include <string>
#include <unordered_map>

#include "sim/shape/layer_walk.hpp"

namespace msfusion {

namespace {
constexpr int kMostTokens = 1'000'000;
}  // namespace

int LayerWalk::conv(const LayerElement& at, int input) {
  require_form(at, input, {Form::map}, "convolutions read images");
  const Extent in = extent(input);
  const int kernel = whole(at, "kernel", 1, kLargestLayerWindow), stride = whole(at, "stride", 1, kLargestLayerWindow);
  const int padding = has(at, "padding") ? whole(at, "padding", 0, kLargestLayerWindow) : kernel / 2;
  require(std::min(in.height, in.width) + 2 * padding >= kernel, at,
          fmt::format("a kernel of {} on {}", kernel, described(input)),
          "a smaller kernel, or fewer layers that shrink");
  const int groups = whole(at, "groups", 1, kMostLayerUnits), channels = in.features.size;
  const bool is_depthwise = yes(at, "depthwise") || (groups > 1 && groups == channels &&
                                                     (!has(at, "channels") || units(at, "channels") == channels));
  const std::string name = layer_name(at);
  if (!is_depthwise) {
    require(has(at, "channels"), at, "has no channels", "needed: channels, or depthwise=\"yes\"");
    const int out = units(at, "channels");
    if (groups > 1) {
      require(channels % groups == 0 && out % groups == 0, at,
              fmt::format("{} groups from {} channels to {}", groups, channels, out), "a number that divides both");
      return noted(at, builder_.grouped(name, input, out, groups, kernel, stride, padding, yes(at, "bias")), Form::map);
    }
    return noted(at, builder_.conv(name, input, out, kernel, stride, padding, yes(at, "bias")), Form::map);
  }
  require(groups == 1 || groups == channels, at, fmt::format("{} groups of {} channels", groups, channels),
          "with depthwise: 1, or as many as channels");
  require(!has(at, "channels") || units(at, "channels") == channels, at,
          fmt::format("depthwise from {} channels to others", channels), "as many as it reads");
  return noted(at, builder_.depthwise(name, input, kernel, stride, padding, yes(at, "bias")), Form::map);
}

int LayerWalk::dense(const LayerElement& at, int input) {
  require_form(at, input, {Form::vector, Form::tokens}, "<flatten/> or <global-average-pool/> before it");
  return noted(at, builder_.linear(layer_name(at), input, units(at, "units"), yes(at, "bias")), form(input));
}

int LayerWalk::norm(const LayerElement& at, int input) {
  const std::string kind = text(at, "kind");
  if (kind == "none") return input;
  const std::string name = layer_name(at);
  if (kind == "layer") {
    require_form(at, input, {Form::vector, Form::tokens}, "kind=\"batch\" or \"group\" for maps");
    return noted(at, builder_.layer_norm(name, input), form(input));
  }
  require(kind == "batch" || kind == "group", at, fmt::format("kind=\"{}\"", kind),
          "allowed: batch, group, layer, none");
  require_form(at, input, {Form::map}, "kind=\"layer\" for tokens and vectors");
  return noted(
      at, kind == "batch" ? builder_.batch_norm(name, input) : builder_.group_norm(name, input, units(at, "groups")),
      Form::map);
}

int LayerWalk::element_wise(const LayerElement& at, int input) {
  require_form(at, input, {Form::map, Form::vector, Form::tokens}, "<embedding/> before it");
  const std::string name = layer_name(at);
  using Kind = Activation::Kind;
  static const std::unordered_map<std::string, Kind> kinds = {{"relu6", Kind::relu6},
                                                              {"silu", Kind::silu},
                                                              {"tanh", Kind::tanh},
                                                              {"sigmoid", Kind::sigmoid},
                                                              {"hard-sigmoid", Kind::hard_sigmoid},
                                                              {"hard-swish", Kind::hard_swish}};
  const int layer = at.kind == "relu"   ? builder_.relu(name, input)
                    : at.kind == "gelu" ? builder_.gelu(name, input)
                                        : builder_.activation(name, input, kinds.at(at.kind));
  return noted(at, layer, form(input));
}

int LayerWalk::pool(const LayerElement& at, int input) {
  require_form(at, input, {Form::map}, "pooling reads images");
  const int kernel = whole(at, "kernel", 1, kLargestLayerWindow), padding = whole(at, "padding", 0, kernel / 2);
  const int stride = has(at, "stride") ? whole(at, "stride", 1, kLargestLayerWindow) : kernel;
  require(std::min(extent(input).height, extent(input).width) + 2 * padding >= kernel, at,
          fmt::format("a window of {} on {}", kernel, described(input)),
          "a smaller window, or fewer layers that shrink");
  const std::string name = layer_name(at);
  return noted(at,
               at.kind == "max-pool" ? builder_.max_pool(name, input, kernel, stride, padding)
                                     : builder_.average_pool(name, input, kernel, stride, padding),
               Form::map);
}

int LayerWalk::global_average_pool(const LayerElement& at, int input) {
  require_form(at, input, {Form::map, Form::tokens}, "a map or tokens");
  require(samples_.kind == InputKind::image, at, "a mean over the tokens of a text",
          "a language model says something about every token");
  return noted(at, builder_.global_average_pool(layer_name(at), input), Form::vector);
}

int LayerWalk::flatten(const LayerElement& at, int input) {
  require_form(at, input, {Form::map}, "a map");
  require(static_cast<double>(extent(input).features.size) * extent(input).positions() <= kMostFeatures, at,
          fmt::format("{} in one vector", described(input)), "fewer features");
  return noted(at, builder_.flatten(layer_name(at), input), Form::vector);
}

int LayerWalk::dropout(const LayerElement& at, int input) {
  require_form(at, input, {Form::map, Form::vector, Form::tokens}, "<embedding/> before it");
  const double probability = number(at, "probability", 0, 0.999);
  return noted(at, builder_.dropout(layer_name(at), input, probability), form(input));
}

int LayerWalk::embedding(const LayerElement& at, int input) {
  require(input == kModelInput && samples_.kind == InputKind::tokens, at, fmt::format("reads {}", described(input)),
          "it stands first in a model that reads text");
  const int vocabulary = whole(at, "vocabulary", samples_.classes, kMostTokens);
  return noted(at,
               builder_.embedding(layer_name(at), vocabulary, units(at, "features"), number(at, "deviation", 0, 100)),
               Form::tokens);
}

int LayerWalk::positions(const LayerElement& at, int input) {
  require_form(at, input, {Form::tokens}, "tokens");
  return noted(at, builder_.position_embedding(layer_name(at), input, number(at, "deviation", 0, 100)), Form::tokens);
}

int LayerWalk::attention(const LayerElement& at, int input) {
  require_form(at, input, {Form::tokens}, "tokens");
  const int heads = units(at, "heads"), features = extent(input).features.size;
  require(features % heads == 0, at, fmt::format("{} heads in {} features", heads, features),
          "a number of heads that divides the features");
  const bool is_causal = yes(at, "causal");
  const std::string outer = prefix_;
  if (has(at, "name")) prefix_ += text(at, "name") + ".";
  const auto head = [&](const char* name) {
    return noted(at, builder_.head_linear(prefix_ + name, input, heads, features), Form::tokens);
  };
  const int q = head("query"), k = head("key"), v = head("value");
  const int mixed = noted(at, builder_.attention(prefix_ + "attention", q, k, v, heads, is_causal), Form::tokens);
  const int out = noted(at, builder_.linear(prefix_ + "projection", mixed, features), Form::tokens);
  prefix_ = outer;
  return out;
}

int LayerWalk::lstm(const LayerElement& at, int input) {
  require_form(at, input, {Form::tokens}, "<embedding/> before it");
  return noted(at, builder_.lstm(layer_name(at), input, units(at, "hidden")), Form::tokens);
}

int LayerWalk::patches(const LayerElement& at, int input) {
  require_form(at, input, {Form::map}, "an image");
  const int size = whole(at, "size", 1, kLargestLayerWindow);
  require(extent(input).height % size == 0 && extent(input).width % size == 0, at,
          fmt::format("squares of {} from {}", size, described(input)), "a size that divides height and width");
  const std::string name = layer_name(at);
  const int cut = noted(at, builder_.conv(name, input, units(at, "features"), size, size, 0, true), Form::map);
  return noted(at, builder_.to_tokens(name + ".tokens", cut), Form::tokens);
}

int LayerWalk::class_token(const LayerElement& at, int input) {
  require_form(at, input, {Form::tokens}, "tokens");
  require(samples_.kind == InputKind::image, at, "among the tokens of a text", "<patches/> before it");
  return noted(at, builder_.class_token(layer_name(at), input, number(at, "deviation", 0, 100)), Form::tokens);
}

int LayerWalk::first_token(const LayerElement& at, int input) {
  require_form(at, input, {Form::tokens}, "tokens");
  require(samples_.kind == InputKind::image, at, "of the tokens of a text",
          "a language model says something about every token");
  return noted(at, builder_.first_token(layer_name(at), input), Form::vector);
}

int LayerWalk::classifier(const LayerElement& at, int input) {
  const Form needed = samples_.kind == InputKind::image ? Form::vector : Form::tokens;
  require_form(at, input, {needed},
               needed == Form::vector ? "<flatten/>, <global-average-pool/> or <first-token/> before it" : "tokens");
  require(forms_.size() > 0, at, "stands alone", "at least one layer before it");
  const std::string name = has(at, "name") ? text(at, "name") : "classifier";
  ended_ = true;
  if (!has(at, "tied") || text(at, "tied").empty())
    return noted(at, builder_.classifier(name, input, yes(at, "bias")), needed);
  const int source = find(at, "tied");
  const auto* embedding = std::get_if<Embedding>(&builder_.layers()[static_cast<std::size_t>(source)].op);
  require(embedding != nullptr, at, "tied to a layer that is no embedding", "the name of an embedding");
  require(embedding->vocabulary == samples_.classes && is_alike(input, source), at,
          fmt::format("tied to {} words as {}, but it reads {}", embedding->vocabulary, described(source),
                      described(input)),
          "an embedding of the classes with the same features");
  return noted(at, builder_.tied_classifier(name, input, source), needed);
}

}  // namespace msfusion
