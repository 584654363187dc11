#include "sim/method/personal_options.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.hpp"
#include "sim/method/method.hpp"

namespace msfusion {

namespace {

bool is_norm(const Layer& layer) {
  return std::holds_alternative<BatchNorm>(layer.op) || std::holds_alternative<GroupNorm>(layer.op) ||
         std::holds_alternative<LayerNorm>(layer.op);
}

}  // namespace

void keep_private(Shape& shape, const PersonalChoice& personal, int line) {
  if (!facts_of(personal.kind).hides) return;
  const auto hide = [&](const Layer& layer) {
    for (const int tensor : layer.tensors) shape.tensors[static_cast<std::size_t>(tensor)].is_private = true;
  };
  if (personal.kind == PersonalKind::norms) {
    for (const Layer& layer : shape.layers)
      if (is_norm(layer)) hide(layer);
    return;
  }
  int left = personal.head_layers;
  for (auto layer = shape.layers.rbegin(); layer != shape.layers.rend() && left > 0; ++layer) {
    if (layer->tensors.empty()) continue;
    hide(*layer);
    --left;
  }
  if (left > 0)
    throw UserError(
        Mistake{"", line, fmt::format("head-layers=\"{}\"", personal.head_layers),
                fmt::format("0 to {}: so many layers of the model have parameters", personal.head_layers - left)});
}

Vocabulary<Method> with_personal(Vocabulary<Method> vocabulary) {
  using M = Method;
  constexpr int kMostLayers = 1000;
  vocabulary.attributes.push_back(attribute<M>(
      "personal", [](auto& m) -> auto& { return m.personal.kind; }, one_of_table("personal", kPersonals),
      "What is a device's own, kept by it and never sent: nothing; a whole model that is trained on the same batches "
      "beside the other one (Ditto); the last layers (FedPer); the parameters of all batch, group and layer norms "
      "(FedBN).",
      "Where devices have unlike data and each needs a model for its own; <evaluation personal=\"on\"> tests that."));
  vocabulary.attributes.push_back(
      attribute<M>(
          "head-layers", [](auto& m) -> auto& { return m.personal.head_layers; }, whole(0, kMostLayers),
          "How many of the last layers with parameters stay on the device.", "2 in FedPer's own experiments.")
          .in("layers")
          .only_with(
              "", [](const M& m) { return m.personal.kind == PersonalKind::head; }, "personal=\"head\""));
  vocabulary.attributes.push_back(
      attribute<M>(
          "pull", [](auto& m) -> auto& { return m.personal.pull; }, number_from(0),
          "Ditto's lambda: the device's own model minimises its loss plus pull / 2 |v - w|^2, w the model that the "
          "round began with.",
          "0 is training alone; above 1 / learning-rate it overshoots.")
          .only_with(
              "", [](const M& m) { return m.personal.kind == PersonalKind::model; }, "personal=\"model\""));
  return vocabulary;
}

std::pair<std::string, std::string> personal_contradiction(const Method& method) {
  if (method.personal.kind == PersonalKind::none) return {};
  const char* name = name_of(kPersonals, method.personal.kind);
  if (method.exchange.kind != ExchangeKind::server && method.exchange.kind != ExchangeKind::edge)
    return {
        fmt::format("personal=\"{}\" where the exchange is \"{}\"", name, name_of(kExchanges, method.exchange.kind)),
        "exchange=\"server\" or \"edge\": devices that wait for a server's model beside their own"};
  if (facts_of(method.split.rule).partial)
    return {fmt::format("personal=\"{}\" with split-rule=\"{}\": what is a device's own is so in every round", name,
                        name_of(kSplitRules, method.split.rule)),
            "split-rule=\"full\" or \"narrow\""};
  const MergeRow& merge = facts_of(method.merge.kind);
  if (facts_of(method.personal.kind).hides && (!merge.is_mean || merge.distils))
    return {fmt::format("personal=\"{}\" with merge=\"{}\": it needs a mean of parameters, in which tensors that "
                        "nobody sends have no part",
                        name, merge.name),
            "merge=\"mean\", \"momentum\", \"adam\" or \"normalised\""};
  return {};
}

}  // namespace msfusion
