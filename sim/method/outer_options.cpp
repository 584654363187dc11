#include "sim/method/outer_options.hpp"

#include <fmt/format.h>

#include <array>

namespace msfusion {

namespace {

using AllReduce = ExchangeChoice::AllReduce;

constexpr std::array<Choice<OptimiserState>, 3> kStates{{
    {OptimiserState::reset, "reset", "every training begins with a new optimiser"},
    {OptimiserState::keep, "keep", "each device keeps its own for the whole run"},
    {OptimiserState::average, "average", "it is averaged with the parameters, and travels with them"},
}};
constexpr std::array<Choice<AllReduce>, 2> kAllReduces{{
    {AllReduce::ring, "ring", "chunks go around a ring of all devices twice"},
    {AllReduce::tree, "tree", "sums go up a binary tree, and the result down"},
}};
constexpr int kMostFragments = 1000;

bool streams(const Method& m) {
  return m.exchange.kind == ExchangeKind::stream;
}

}  // namespace

Vocabulary<Method> with_outer(Vocabulary<Method> vocabulary) {
  using M = Method;
  const auto all_reduces = [](const M& m) { return facts_of(m.exchange.kind).all_reduces; };
  std::vector<Attribute<M>> rows = {
      attribute<M>(
          "local-steps", [](auto& m) -> auto& { return m.local_steps; }, whole(1),
          "Optimiser steps in a round of this method, instead of the scenario's steps or epochs.",
          "To compare methods that communicate more or less often.")
          .absent("of <training>")
          .only_with(
              "", [](const M& m) { return !m.exchange.one_step; }, "a method whose rounds are not one step anyway"),
      attribute<M>(
          "state", [](auto& m) -> auto& { return m.state; }, one_of_table("optimiser-state", kStates),
          "What becomes of a device's momentum, or Adam's moments and step count, between rounds: each training begins "
          "anew; the device keeps it, also while its sub-model moves (elements wait until they are in it again); or "
          "the server averages it as it does parameters, and it travels both ways.",
          "keep where few local steps would give a new optimiser no time to settle."),
      attribute<M>(
          "server-nesterov", [](auto& m) -> auto& { return m.merge.nesterov; }, on_off(),
          "The step with the mean update d looks ahead: w -= rate (d + beta v) instead of rate v, after v = beta v + "
          "d.",
          "on is DiLoCo's outer step.")
          .only_with(
              "",
              [](const M& m) { return m.merge.kind == MergeKind::momentum || m.merge.kind == MergeKind::fragments; },
              "merge=\"momentum\" or \"fragments\""),
      attribute<M>(
          "all-reduce", [](auto& m) -> auto& { return m.exchange.all_reduce; }, one_of_table("all-reduce", kAllReduces),
          "How the devices' sum is formed: around a ring, in which 2 (K - 1) / K of the model leave each of K devices; "
          "or up and down "
          "a binary tree in the platform's order, in 2 log2 K hops of the whole model.",
          "tree for small models and long latencies.")
          .only_with("", all_reduces, "exchange=\"all\" or \"stream\""),
      attribute<M>(
          "fragments", [](auto& m) -> auto& { return m.exchange.fragments; }, whole(1, kMostFragments),
          "Parts of about equal size, of whole layers in their order; round r exchanges part r mod fragments.",
          "More lower the peak of traffic, and each part is exchanged less often.")
          .only_with("", streams, "exchange=\"stream\""),
      attribute<M>(
          "overlap-transfers", [](auto& m) -> auto& { return m.exchange.overlaps; }, on_off(),
          "A part travels while the next round is trained, and is merged at its end; off: the devices wait for it.",
          "off to see what the delay costs in accuracy.")
          .only_with("", streams, "exchange=\"stream\""),
      attribute<M>(
          "keep-local", [](auto& m) -> auto& { return m.merge.keep_local; }, number_below(0, 1),
          "Weight of a device's own values when a part arrives; the merged ones have the rest.",
          "0 takes the merged values as they are.")
          .only_with("", streams, "exchange=\"stream\""),
      attribute<M>(
          "momentum-every", [](auto& m) -> auto& { return m.merge.momentum_every; }, whole(1),
          "Arrivals from one momentum step to the next; each moves the model by so small a part of its update.",
          "The number of devices.")
          .in("updates")
          .only_with(
              "", [](const M& m) { return m.merge.kind == MergeKind::delayed_nesterov; }, "merge=\"delayed-nesterov\""),
  };
  vocabulary.attributes.insert(vocabulary.attributes.end(), rows.begin(), rows.end());
  return vocabulary;
}

std::pair<std::string, std::string> outer_contradiction(const Method& m) {
  const char* exchange = name_of(kExchanges, m.exchange.kind);
  if (facts_of(m.exchange.kind).all_reduces && facts_of(m.split.rule).partial)
    return {fmt::format("split-rule=\"{}\" where the exchange is \"{}\": an all-reduce adds models of one size",
                        name_of(kSplitRules, m.split.rule), exchange),
            "split-rule=\"full\" or \"narrow\""};
  if ((m.objective.kind == ObjectiveKind::gradient) != (m.merge.kind == MergeKind::gradients))
    return {fmt::format("objective=\"{}\" with merge=\"{}\": gradients need both their objective and their merge",
                        name_of(kObjectives, m.objective.kind), name_of(kMerges, m.merge.kind)),
            "objective=\"gradient\" together with merge=\"gradients\""};
  if (m.merge.kind == MergeKind::gradients && !m.exchange.one_step)
    return {"merge=\"gradients\" in a round of several local steps: a gradient is that of one batch",
            "the method data-parallel, whose rounds are one step"};
  if (m.merge.kind == MergeKind::gradients && m.state != OptimiserState::reset)
    return {
        "state with merge=\"gradients\": its devices take no step of their own, and its one optimiser is kept anyway",
        "no state"};
  if (m.state == OptimiserState::average && m.exchange.kind != ExchangeKind::server &&
      m.exchange.kind != ExchangeKind::edge)
    return {fmt::format("state=\"average\" where the exchange is \"{}\"", exchange),
            "state=\"keep\", or exchange=\"server\" or \"edge\", where one node forms the mean"};
  if (m.state == OptimiserState::average && facts_of(m.personal.kind).hides)
    return {fmt::format("state=\"average\" with personal=\"{}\": moments of tensors that nobody sends have no mean",
                        name_of(kPersonals, m.personal.kind)),
            "state=\"keep\""};
  if (m.state != OptimiserState::reset && divides_by_distance(m.merge.kind))
    return {fmt::format("state=\"{}\" with merge=\"{}\": how far steps carry a device is known for a momentum that "
                        "begins at 0",
                        name_of(kStates, m.state), name_of(kMerges, m.merge.kind)),
            "state=\"reset\""};
  return {};
}

}  // namespace msfusion
