#include "sim/method/msfusion_vocabulary.hpp"

#include <array>

#include "sim/method/choices.hpp"

namespace msfusion {

namespace {

using M = Method;
using Shift = SplitChoice::Shift;
using Overlap = SplitChoice::Overlap;
using Negatives = ObjectiveChoice::Negatives;
using Compare = ObjectiveChoice::Compare;
using OwnWeight = MergeChoice::OwnWeight;

constexpr std::array<Choice<Shift>, 2> kShifts{{
    {Shift::paper, "paper", "all axes move alike"},
    {Shift::decorrelated, "decorrelated", "each axis has its own stride"},
}};
constexpr std::array<Choice<Overlap>, 3> kOverlaps{{
    {Overlap::constant, "constant", "the control stays"},
    {Overlap::linear, "linear", "from its first value to its last over the rounds"},
    {Overlap::adaptive, "adaptive", "towards 1 when the loss stalls"},
}};
constexpr std::array<Choice<ObjectiveKind>, 2> kContrastive{{
    {ObjectiveKind::contrastive, "on", "with the contrastive term"},
    {ObjectiveKind::cross_entropy, "off", "without it"},
}};
constexpr std::array<Choice<Negatives>, 3> kNegatives{{
    {Negatives::previous, "previous", "the device's sub-model of the round before"},
    {Negatives::peers, "peers", "the peers' sub-models"},
    {Negatives::both, "both", "both of them"},
}};
constexpr std::array<Choice<Compare>, 2> kCompares{{
    {Compare::position, "position", "unit i of one with unit i of the other"},
    {Compare::unit, "unit", "the units that both have"},
}};
constexpr std::array<Choice<OwnWeight>, 2> kOwnWeights{{
    {OwnWeight::once, "once", "the mean over the device and its peers"},
    {OwnWeight::per_peer, "per-peer", "equation 5 as printed"},
}};

bool is_peers(const Method& m) {
  return facts_of(m.exchange.kind).among_peers;
}
bool shifts(const Method& m) {
  return facts_of(m.split.rule).shifts;
}
bool contrasts(const Method& m) {
  return facts_of(m.objective.kind).contrasts();
}
bool distils_exits(const Method& m) {
  return m.objective.kind == ObjectiveKind::mutual_exits || m.objective.kind == ObjectiveKind::taught_exits;
}

}  // namespace

// A table. NOLINTNEXTLINE(readability-function-size)
Vocabulary<Method> with_msfusion(Vocabulary<Method> vocabulary) {
  const std::vector<Attribute<M>> rows{
      attribute<M>(
          "zeta", [](auto& m) -> auto& { return m.split.zeta; }, whole(0),
          "Units by which windows move from round to round.", "0 stands still; larger covers the model sooner.")
          .in("units")
          .only_with("", shifts, "split-rule=\"double-shift\""),
      attribute<M>(
          "shift", [](auto& m) -> auto& { return m.split.shift; }, one_of_table("shift", kShifts),
          "paper moves all axes alike; decorrelated gives each axis its own stride, so that all pairs of units "
          "meet.",
          "decorrelated for better coverage.")
          .only_with("", shifts, "split-rule=\"double-shift\""),
      attribute<M>(
          "overlap", [](auto& m) -> auto& { return m.split.overlap; }, one_of_table("overlap", kOverlaps),
          "Schedule of the overlap control: constant; linear to overlap-end over the rounds, whatever until says; "
          "adaptive moves towards 1 when the loss stalls.",
          "constant is the paper's \"w/o dynamic overlap\".")
          .only_with("", shifts, "split-rule=\"double-shift\""),
      attribute<M>(
          "overlap-control", [](auto& m) -> auto& { return m.split.control; }, number_above(0, 1),
          "The control, or its first value. 1 spreads the windows evenly, less lets neighbours overlap more.",
          "Lower for more agreement and less coverage.")
          .absent("1; 0.5 with linear and adaptive")
          .only_with("", shifts, "split-rule=\"double-shift\""),
      attribute<M>(
          "overlap-end", [](auto& m) -> auto& { return m.split.control_end; }, number_above(0, 1),
          "The control of the last round of a linear schedule. Above the first value the overlap shrinks over the "
          "rounds, below it grows.",
          "The paper does not say which way its overlap goes: try both.")
          .only_with(
              "", [](const M& m) { return shifts(m) && m.split.overlap == Overlap::linear; },
              "split-rule=\"double-shift\" and overlap=\"linear\""),
      attribute<M>(
          "contrastive", [](auto& m) -> auto& { return m.objective.kind; }, one_of_table("contrastive", kContrastive),
          "With or without the contrastive term.", "off shows what the term brings, and saves its two forward passes.")
          .absent("of the method")
          .only_with(
              "", [](const M& m) { return shifts(m) || contrasts(m) || m.name == "msfusion"; },
              "a double-shift split or a contrastive objective"),
      attribute<M>(
          "lambda", [](auto& m) -> auto& { return m.objective.weight; }, number_from(0),
          "Weight of MSfusion's contrastive term, and of what classifiers learn from each other's predictions.",
          "0 switches it off but still pays for MSfusion's.")
          .only_with(
              "", [](const M& m) { return m.objective.kind == ObjectiveKind::contrastive || distils_exits(m); },
              "objective=\"contrastive\", \"mutual-exits\" or \"taught-exits\""),
      attribute<M>(
          "tau", [](auto& m) -> auto& { return m.objective.temperature; }, number_above(0),
          "Temperature of the contrastive terms, and of the predictions that taught-exits learns from.",
          "Smaller is sharper.")
          .only_with(
              "", [](const M& m) { return contrasts(m) || m.objective.kind == ObjectiveKind::taught_exits; },
              "a contrastive objective or objective=\"taught-exits\""),
      attribute<M>(
          "negatives", [](auto& m) -> auto& { return m.objective.negatives; }, one_of_table("negatives", kNegatives),
          "What MSfusion's contrastive term pushes away from: the device's sub-model of the round before, the "
          "peers' sub-models, or both.",
          "peers and both take more memory.")
          .only_with(
              "", [](const M& m) { return m.objective.kind == ObjectiveKind::contrastive && is_peers(m); },
              "objective=\"contrastive\" and an exchange among peers"),
      attribute<M>(
          "compare", [](auto& m) -> auto& { return m.objective.compare; }, one_of_table("compare", kCompares),
          "How MSfusion's contrastive term pairs representations of sub-models whose windows differ: position by "
          "position, or only the units that both have.",
          "unit where windows move: by position, unit i of one is another unit of the other.")
          .only_with(
              "", [](const M& m) { return m.objective.kind == ObjectiveKind::contrastive; },
              "objective=\"contrastive\""),
      attribute<M>(
          "own-weight", [](auto& m) -> auto& { return m.merge.own_weight; }, one_of_table("own-weight", kOwnWeights),
          "once: each element becomes the mean over the device and its peers. per-peer: equation 5 of the paper as "
          "printed, which adds the device's own value once for every peer and divides by the peers and itself.",
          "To see what the printed equation does: with more than one peer its weights sum to more than 1.")
          .only_with(
              "", [](const M& m) { return is_peers(m) && m.merge.kind == MergeKind::overlap_mean; },
              "an exchange among peers and merge=\"overlap-mean\""),
  };
  vocabulary.attributes.insert(vocabulary.attributes.end(), rows.begin(), rows.end());
  return vocabulary;
}

}  // namespace msfusion
