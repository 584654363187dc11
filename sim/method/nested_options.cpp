#include "sim/method/nested_options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/method/method.hpp"
#include "sim/method/shares.hpp"

namespace msfusion {

Vocabulary<Method> with_nested(Vocabulary<Method> vocabulary) {
  using M = Method;
  vocabulary.attributes.push_back(
      attribute<M>(
          "widths", [](auto& m) -> auto& { return m.split.nested.widths; }, one_or_more_shares(),
          "Ordered dropout: every local step draws one of these widths, up to the device's own split, and trains the "
          "sub-model of that width inside the device's. split then takes values from here, and auto the widest of "
          "them that fits. The plan charges the mean over the widths that a device draws from.",
          "For one model that works at each of several widths.")
          .absent("none; fjord 0.2 0.4 0.6 0.8 1")
          .only_with(
              "", [](const M& m) { return m.split.rule == SplitRule::fixed; }, "split-rule=\"fixed\""));
  vocabulary.attributes.push_back(
      attribute<M>(
          "self-distillation", [](auto& m) -> auto& { return m.split.nested.distils; }, on_off(),
          "Every step trains the device's whole sub-model on the labels, and one of a drawn narrower width on what "
          "that predicts.",
          "on where narrow sub-models shall learn more; it costs a pass of the whole sub-model in each step.")
          .only_with(
              "", [](const M& m) { return m.split.nested.is_on(); }, "widths to draw from"));
  return vocabulary;
}

std::pair<std::string, std::string> nested_contradiction(const Method& method) {
  const NestedChoice& nested = method.split.nested;
  if (!nested.is_on()) return {};
  if (method.split.rule != SplitRule::fixed)
    return {
        fmt::format("split-rule=\"{}\" with widths: a narrower sub-model lies inside a device's only where both have "
                    "the first units",
                    name_of(kSplitRules, method.split.rule)),
        "split-rule=\"fixed\""};
  const ObjectiveKind objective = method.objective.kind;
  if (objective != ObjectiveKind::cross_entropy && objective != ObjectiveKind::masked_cross_entropy &&
      objective != ObjectiveKind::proximal)
    return {fmt::format("widths with objective=\"{}\": it compares or sends models of one width",
                        name_of(kObjectives, objective)),
            "objective=\"cross-entropy\", \"masked-cross-entropy\" or \"proximal\""};
  const RateChoice& rate = method.split.rate;
  if (rate.kind != RateChoice::Kind::given && rate.kind != RateChoice::Kind::levels) return {};
  for (const double level : rate.levels)
    if (std::find(nested.widths.begin(), nested.widths.end(), level) == nested.widths.end())
      return {fmt::format("split=\"{}\" is none of the widths that steps draw from", level),
              fmt::format("one of {}, or auto", fmt::join(nested.widths, ", "))};
  return {};
}

}  // namespace msfusion
