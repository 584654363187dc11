#include "sim/method/importance_options.hpp"

#include <fmt/format.h>

#include "sim/method/method.hpp"
#include "sim/method/selection_attributes.hpp"
#include "sim/method/shares.hpp"

namespace msfusion {

Vocabulary<Method> with_importance(Vocabulary<Method> vocabulary) {
  using M = Method;
  vocabulary.attributes.push_back(
      attribute<M>(
          "kept-weights", [](auto& m) -> auto& { return m.importance.kept; }, one_or_more_shares(),
          "Share of all weights of convolutions and linear layers that a device has, the largest ones of the model "
          "at the round's start; several are dealt to equal blocks of devices. Their places are sent along. Scattered "
          "weights save bytes, and no work: the plan charges the whole model's.",
          "Smaller for devices on slow lines.")
          .absent("all; fiarse 1 0.25 0.0625 0.015625")
          .only_with(
              "", [](const M& m) { return m.objective.kind == ObjectiveKind::important_weights; },
              "objective=\"important-weights\""));
  return vocabulary;
}

std::pair<std::string, std::string> importance_contradiction(const Method& method) {
  const bool masks = method.objective.kind == ObjectiveKind::important_weights,
             merges = method.merge.kind == MergeKind::changed_mean;
  if (!masks && !merges) return {};
  if (masks != merges || !method.importance.is_on())
    return {"sub-models of the largest weights need all of their objective, their merge and kept-weights",
            "the method fiarse"};
  if (method.split.rule != SplitRule::full)
    return {fmt::format("split-rule=\"{}\" with kept-weights: they are chosen from all units",
                        name_of(kSplitRules, method.split.rule)),
            "split-rule=\"full\""};
  if (method.exchange.kind != ExchangeKind::server)
    return {fmt::format("kept-weights where the exchange is \"{}\"", name_of(kExchanges, method.exchange.kind)),
            "exchange=\"server\""};
  if (method.encoding.kind != EncodingKind::none || of_down_link(method.encoding).kind != EncodingKind::none)
    return {"kept-weights with an encoding, which codes whole tensors", "encoding=\"none\""};
  if (method.personal.kind != PersonalKind::none || method.state != OptimiserState::reset)
    return {"kept-weights with something that devices keep between rounds: their weights change with every round",
            "personal=\"none\" and state=\"reset\""};
  if (facts_of(method.selection.kind).asks_the_platform)
    return {"kept-weights with a selection that estimates how long a device takes", "selection=\"uniform\""};
  return {};
}

}  // namespace msfusion
