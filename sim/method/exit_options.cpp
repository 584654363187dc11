#include "sim/method/exit_options.hpp"

#include <fmt/format.h>

#include <array>

#include "sim/method/method.hpp"

namespace msfusion {

namespace {

using Kind = ExitChoice::Kind;
using M = Method;

constexpr std::array<Choice<Kind>, 3> kExits{{
    {Kind::none, "none", "the model's own classifier alone"},
    {Kind::all, "all", "a classifier behind each stage; sub-models have those of all their stages"},
    {Kind::last, "last", "a classifier behind each stage; sub-models have that of their last stage"},
}};

bool distils(const M& m) {
  return m.objective.kind == ObjectiveKind::mutual_exits || m.objective.kind == ObjectiveKind::taught_exits;
}

}  // namespace

// A table. NOLINTNEXTLINE(readability-function-size)
Vocabulary<Method> with_exits_attributes(Vocabulary<Method> vocabulary) {
  const std::vector<Attribute<M>> rows{
      attribute<M>(
          "exits", [](auto& m) -> auto& { return m.split.exits.kind; }, one_of_table("exits", kExits),
          "Cuts the model into stages, of which depth says how many of the first a device has, and puts a classifier "
          "behind each: global average pooling and a linear layer; behind the last stage the model's own.",
          "For devices of which some hold only the first layers.")
          .only_with(
              "", [](const M& m) { return m.split.rule == SplitRule::fixed; }, "split-rule=\"fixed\""),
      attribute<M>(
          "stages", [](auto& m) -> auto& { return m.split.exits.stages; }, whole(2),
          "Stages of the model with exits, of equal numbers of blocks: residual blocks or, in a model with less than "
          "two, convolutions, linear and recurrent layers.",
          "As many as there are depths, or fewer for a small model.")
          .in("stages")
          .absent("4, or as many as the model has blocks")
          .only_with(
              "", [](const M& m) { return m.split.exits.is_on(); }, "exits=\"all\" or \"last\""),
      attribute<M>(
          "ramp", [](auto& m) -> auto& { return m.objective.ramp_rounds; }, whole(1),
          "Rounds in which the weight of what classifiers learn from each other grows: in round t, from 0 on, it is "
          "lambda exp(-5 (1 - t / ramp)^2), and then lambda.",
          "About as long as it takes until predictions are worth learning from.")
          .in("rounds")
          .only_with(
              "", [](const M& m) { return m.objective.kind == ObjectiveKind::mutual_exits; },
              "objective=\"mutual-exits\""),
      attribute<M>(
          "distil-from", [](auto& m) -> auto& { return m.objective.distil_from; }, number_from(0, 1),
          "Share of the run's rounds before classifiers learn from the deepest one.", "0 from the first round on.")
          .only_with(
              "", [](const M& m) { return m.objective.kind == ObjectiveKind::taught_exits; },
              "objective=\"taught-exits\""),
      attribute<M>(
          "momentum-distillation", [](auto& m) -> auto& { return m.merge.momentum_distillation; }, number_from(0, 1),
          "Share of the mean move of the next deeper size's blocks, from a sub-model's last one on, in the move of "
          "that "
          "last block; the rest is its own.",
          "0 switches it off.")
          .only_with(
              "", [](const M& m) { return m.merge.kind == MergeKind::prefix_mean; }, "merge=\"prefix-mean\""),
  };
  vocabulary.attributes.insert(vocabulary.attributes.end(), rows.begin(), rows.end());
  return vocabulary;
}

std::pair<std::string, std::string> exits_contradiction(const Method& method) {
  const ExitChoice& exits = method.split.exits;
  const auto objective = [&] { return fmt::format("objective=\"{}\"", name_of(kObjectives, method.objective.kind)); };
  if (!exits.is_on()) {
    if (distils(method)) return {objective() + " without exits", "exits=\"all\""};
    if (method.merge.kind == MergeKind::prefix_mean)
      return {"merge=\"prefix-mean\" without exits", "exits=\"last\", or merge=\"overlap-mean\""};
    return {};
  }
  if (method.split.rule != SplitRule::fixed)
    return {fmt::format("split-rule=\"{}\" with exits: a sub-model ends in the classifier of its last stage, so it has "
                        "the first ones",
                        name_of(kSplitRules, method.split.rule)),
            "split-rule=\"fixed\""};
  if (exits.kind == Kind::all && !distils(method))
    return {objective() + " with exits=\"all\": nothing trains the inner classifiers",
            "objective=\"mutual-exits\" or \"taught-exits\", or exits=\"last\""};
  if (!distils(method) && method.objective.kind != ObjectiveKind::cross_entropy &&
      method.objective.kind != ObjectiveKind::proximal)
    return {objective() + " with exits: it looks at one classifier of all devices",
            "objective=\"cross-entropy\", \"proximal\", \"mutual-exits\" or \"taught-exits\""};
  if (method.exchange.kind != ExchangeKind::server)
    return {fmt::format("exits where the exchange is \"{}\"", name_of(kExchanges, method.exchange.kind)),
            "exchange=\"server\""};
  if (method.split.nested.is_on())
    return {"exits with widths: steps that draw a width keep all layers", "one of the two"};
  if (method.personal.kind != PersonalKind::none)
    return {"exits with parts of devices' own: they have classifiers of different depths", "one of the two"};
  return {};
}

}  // namespace msfusion
