#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "sim/scenario/readers.hpp"

namespace msfusion {

namespace {

const std::map<std::string, std::vector<std::string>>& attributes_of_kinds() {
  static const std::map<std::string, std::vector<std::string>> table = {
      {"mlp", {"hidden"}},
      {"cnn", {"channels", "kernel", "padding", "pool", "dense", "norm", "groups"}},
      {"resnet", {"widths", "blocks", "block", "norm", "groups"}},
      {"resnet18", {"widths", "norm", "groups"}},
      {"transformer", {"embedding", "heads", "ffn", "layers", "dropout", "window", "objective", "norm-order"}},
      {"lstm", {"embedding", "hidden", "layers", "window"}},
  };
  return table;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What no kind has, the schema has refused already.
void refuse_attributes_of_other_kinds(AttributeReader& reader, const std::string& kind) {
  const auto& table = attributes_of_kinds();
  const auto own = table.find(kind);
  if (own == table.end()) return;
  for (const std::string& name : reader.names()) {
    const bool known =
        std::any_of(table.begin(), table.end(), [&](const auto& one) { return contains(one.second, name); });
    if (!known || contains(own->second, name)) continue;
    reader.mistake(name, fmt::format("{}, which kind=\"{}\" does not have", reader.quote(name), kind),
                   fmt::format("allowed: one of {}", fmt::join(own->second, ", ")));
  }
}

NormKind read_norm(AttributeReader& reader, NormKind fallback) {
  const NormKind norm = reader.choice(
      "norm", fallback, {{"none", NormKind::none}, {"batch", NormKind::batch}, {"group", NormKind::group}});
  reader.belongs_to("norm", norm == NormKind::group, "norm=\"group\"", {"groups"});
  return norm;
}

MlpSpec read_mlp(AttributeReader& reader) {
  MlpSpec spec;
  spec.hidden = reader.integers("hidden", spec.hidden);
  return spec;
}

CnnSpec read_cnn(AttributeReader& reader) {
  CnnSpec spec;
  spec.channels = reader.integers("channels", spec.channels);
  spec.kernel = reader.integer("kernel", spec.kernel);
  spec.same_padding = reader.choice("padding", spec.same_padding, {{"same", true}, {"none", false}});
  spec.pool_each = reader.choice("pool", spec.pool_each, {{"each", true}, {"last", false}});
  spec.dense = reader.integers("dense", spec.dense);
  spec.norm = read_norm(reader, spec.norm);
  spec.groups = reader.integer("groups", spec.groups);
  if (spec.same_padding && !reader.refused("padding") && spec.kernel % 2 == 0)
    reader.mistake("kernel", reader.quote("kernel"), "with padding=\"same\" an odd number is needed");
  return spec;
}

ResNetSpec read_resnet(AttributeReader& reader) {
  ResNetSpec spec;
  spec.widths = reader.integers("widths", spec.widths);
  spec.blocks = reader.integers("blocks", spec.blocks);
  spec.bottleneck = reader.choice("block", spec.bottleneck, {{"basic", false}, {"bottleneck", true}});
  spec.norm = read_norm(reader, spec.norm);
  spec.groups = reader.integer("groups", spec.groups);
  if (spec.widths.size() != spec.blocks.size()) {
    const std::string name = reader.has("blocks") ? "blocks" : "widths";
    reader.mistake(name,
                   fmt::format("{}: {} widths and {} numbers of blocks", reader.quote(name), spec.widths.size(),
                               spec.blocks.size()),
                   "as many blocks as widths are needed (both have 4 by default)");
  }
  return spec;
}

TransformerSpec read_transformer(AttributeReader& reader) {
  TransformerSpec spec;
  spec.embedding = reader.integer("embedding", spec.embedding);
  spec.heads = reader.integer("heads", spec.heads);
  spec.ffn = reader.integer("ffn", spec.ffn);
  spec.layers = reader.integer("layers", spec.layers);
  spec.dropout = reader.number("dropout", spec.dropout);
  spec.window = reader.integer("window", spec.window);
  spec.masked = reader.choice("objective", spec.masked, {{"causal", false}, {"masked", true}});
  spec.pre_norm = reader.choice("norm-order", spec.pre_norm, {{"post", false}, {"pre", true}});
  if (spec.heads < 1 || spec.embedding % spec.heads != 0) {
    const std::string name = reader.has("heads") ? "heads" : "embedding";
    reader.mistake(name,
                   fmt::format("{}: {} heads in an embedding of {}", reader.quote(name), spec.heads, spec.embedding),
                   "the heads must divide the embedding");
  }
  return spec;
}

LstmSpec read_lstm(AttributeReader& reader) {
  LstmSpec spec;
  const std::vector<int> hidden = reader.integers("hidden", {spec.hidden});
  if (hidden.size() == 1)
    spec.hidden = hidden.front();
  else
    reader.mistake("hidden", reader.quote("hidden"), "an lstm has one number of hidden units for all layers");
  spec.embedding = reader.integer("embedding", spec.embedding);
  spec.layers = reader.integer("layers", spec.layers);
  spec.window = reader.integer("window", spec.window);
  return spec;
}

}  // namespace

ModelSpec read_model(AttributeReader& reader) {
  const std::string kind = reader.text("kind");
  refuse_attributes_of_other_kinds(reader, kind);
  if (kind == "mlp") return read_mlp(reader);
  if (kind == "cnn") return read_cnn(reader);
  if (kind == "transformer") return read_transformer(reader);
  if (kind == "lstm") return read_lstm(reader);
  return read_resnet(reader);
}

}  // namespace msfusion
