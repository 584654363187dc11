#include "sim/method/selection_attributes.hpp"

#include <fmt/format.h>

#include <numeric>

#include "sim/method/outer_vocabulary.hpp"

namespace msfusion {

namespace {

// What one kind needs of its own attributes.
std::pair<std::string, std::string> missing_attribute(const Method& method) {
  const SelectionOptions& selection = method.selection;
  const std::string name = name_of(kSelections, selection.kind);
  const bool has_round_time = selection.kind == SelectionKind::fedcs || selection.kind == SelectionKind::deadline;
  if (has_round_time && selection.round_seconds <= 0)
    return {fmt::format("selection=\"{}\" without a round-time", name), "round-time above 0, e.g. \"3min\""};
  const int asked = asked_of(selection, *method.exchange.cohort);
  if (selection.candidates && *selection.candidates < asked)
    return {fmt::format("candidates=\"{}\" for {} devices that are asked", *selection.candidates, asked),
            fmt::format("at least {}", asked)};
  if (selection.tier_shares.empty()) return {};
  if (static_cast<int>(selection.tier_shares.size()) != selection.tiers)
    return {fmt::format("{} tier-shares for {} tiers", selection.tier_shares.size(), selection.tiers),
            "one for each tier"};
  const double sum = std::accumulate(selection.tier_shares.begin(), selection.tier_shares.end(), 0.0);
  constexpr double kRounding = 1e-6;
  if (std::abs(sum - 1) > kRounding) return {fmt::format("tier-shares of {:.6g} in all", sum), "a sum of 1"};
  return {};
}

}  // namespace

Vocabulary<Method> with_selections(Vocabulary<Method> vocabulary) {
  return with_rows(
      std::move(vocabulary), selection_vocabulary(), [](auto& method) -> auto& { return method.selection; });
}

void adapt_to_selection(Method& method, const GivenAttributes& given) {
  if (facts_of(method.selection.kind).draws_by_size && !given.has("weights") && facts_of(method.merge.kind).is_mean)
    method.merge.weights = MergeChoice::Weights::uniform;
}

std::pair<std::string, std::string> selection_contradiction(const Method& method) {
  const SelectionOptions& selection = method.selection;
  const bool asks_more = selection.over_select > 1;
  if (selection.kind == SelectionKind::uniform && !asks_more) return {};
  const std::string what = selection.kind == SelectionKind::uniform
                               ? fmt::format("over-select=\"{:g}\"", selection.over_select)
                               : fmt::format("selection=\"{}\"", name_of(kSelections, selection.kind));
  const ExchangeRow& exchange = facts_of(method.exchange.kind);
  if (!exchange.draws_cohort)
    return {
        fmt::format("{} where the exchange is \"{}\": no server draws who takes part in a round", what, exchange.name),
        "an exchange with cohorts: server, edge, split or logits"};
  if (!method.exchange.cohort) return {what + " without a cohort: every device is asked", "cohort, e.g. cohort=\"10\""};
  const bool is_simple = selection.kind == SelectionKind::uniform || selection.kind == SelectionKind::size;
  if (!is_simple && method.exchange.kind != ExchangeKind::server)
    return {fmt::format("{} where the exchange is \"{}\": it needs to know what each device alone takes", what,
                        exchange.name),
            "exchange=\"server\", or selection=\"uniform\" or \"size\""};
  if (told_of(selection) == Told::loss_before && facts_of(method.split.rule).shifts)
    return {fmt::format("{} where windows depend on who takes part", what),
            "candidate-loss=\"last\", or another split-rule"};
  if (asks_more && (exchange.through_edge || method.exchange.kind == ExchangeKind::logits))
    return {fmt::format("over-select=\"{:g}\" where the exchange is \"{}\": the server hears of all its devices at "
                        "once",
                        selection.over_select, exchange.name),
            "exchange=\"server\" or \"split\""};
  return missing_attribute(method);
}

std::string selection_text(const SelectionOptions& selection) {
  std::string text;
  if (selection.kind != SelectionKind::uniform) text = fmt::format(" | {}", name_of(kSelections, selection.kind));
  if (selection.over_select > 1)
    text += fmt::format("{}asks {:g} times the cohort", text.empty() ? " | " : ", ", selection.over_select);
  return text;
}

}  // namespace msfusion
