#include "sim/method/depth_options.hpp"

#include "sim/method/method.hpp"
#include "sim/method/shares.hpp"

namespace msfusion {

Vocabulary<Method> with_depth_attribute(Vocabulary<Method> vocabulary) {
  using M = Method;
  vocabulary.attributes.push_back(
      attribute<M>(
          "depth", [](auto& m) -> auto& { return m.split.depth; }, one_or_more_shares(),
          "Share of the model's residual blocks that a device's sub-model keeps, rounded up; several are dealt to "
          "equal blocks of devices. The split rule cuts the row of blocks as it cuts widths: the first ones, or a "
          "window that moves. Blocks that are left out pass on what enters them; other layers are in every sub-model. "
          "With exits: the share of the model's stages, always the first ones.",
          "Below 1 for devices that narrower layers alone do not help; a residual model is needed.")
          .absent("all layers; depthfl, inclusivefl and scalefl 0.25 0.5 0.75 1")
          .only_with(
              "", [](const M& m) { return facts_of(m.split.rule).partial; },
              "a split rule of sub-models, such as split-rule=\"fixed\""));
  return vocabulary;
}

std::pair<std::string, std::string> depth_contradiction(const Method& method) {
  if (method.split.depth.empty()) return {};
  if (method.split.rule == SplitRule::random)
    return {
        "depth with split-rule=\"random\": every set of blocks that a device may keep has a memory and a duration "
        "of its own, too many to plan with",
        "split-rule=\"fixed\", \"rolling\" or \"double-shift\""};
  if (method.split.nested.is_on())
    return {"depth with widths: steps that draw a width keep all layers", "one of the two"};
  return {};
}

}  // namespace msfusion
