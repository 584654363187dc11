// A method element: its attributes applied to the method's choices, and what does not go together.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "sim/method/choices.hpp"
#include "sim/method/depth_options.hpp"
#include "sim/method/encoding_attributes.hpp"
#include "sim/method/exit_options.hpp"
#include "sim/method/importance_options.hpp"
#include "sim/method/outer_options.hpp"
#include "sim/method/registry.hpp"
#include "sim/method/selection_attributes.hpp"

namespace msfusion {

namespace {

// Why the choices do not go together, and what would; empty when they do.
std::pair<std::string, std::string> contradiction(const Method& m) {
  const std::string merge = name_of(kMerges, m.merge.kind), exchange = name_of(kExchanges, m.exchange.kind);
  const ExchangeRow& facts = facts_of(m.exchange.kind);
  const bool partial = facts_of(m.split.rule).partial;
  if (facts_of(m.split.rule).narrows &&
      (m.split.rate.kind == RateChoice::Kind::levels || m.split.rate.kind == RateChoice::Kind::device))
    return {"split-rule=\"narrow\" with several rates: it is one model for everybody", "split=\"auto\" or one rate"};
  if (partial && !facts_of(m.merge.kind).takes_slices)
    return {fmt::format("split-rule=\"{}\" with merge=\"{}\": the merge needs whole models of one size",
                        name_of(kSplitRules, m.split.rule), merge),
            "merge=\"overlap-mean\", or split-rule=\"full\" or \"narrow\""};
  if (!facts.merges.has(m.merge.kind)) {
    std::vector<std::string> names;
    for (const MergeRow& row : kMerges)
      if (facts.merges.has(row.value)) names.emplace_back(row.name);
    return {fmt::format("merge=\"{}\" where the exchange is \"{}\"", merge, exchange),
            "one of " + fmt::format("{}", fmt::join(names, ", "))};
  }
  if ((m.objective.kind == ObjectiveKind::control_variates) != (m.merge.kind == MergeKind::variates))
    return {fmt::format("objective=\"{}\" with merge=\"{}\": control variates need both their loss and their merge",
                        name_of(kObjectives, m.objective.kind), merge),
            "objective=\"control-variates\" together with merge=\"variates\""};
  if ((m.objective.kind == ObjectiveKind::dynamic) != (m.merge.kind == MergeKind::dynamic))
    return {fmt::format("objective=\"{}\" with merge=\"{}\": dynamic regularisation needs both its loss and its merge",
                        name_of(kObjectives, m.objective.kind), merge),
            "objective=\"dynamic\" together with merge=\"dynamic\""};
  if (m.objective.kind == ObjectiveKind::dynamic && m.objective.weight == 0)
    return {
        "mu=\"0\" with objective=\"dynamic\": the merge adds the devices' moves all the same, so that is not FedAvg",
        "mu above 0, e.g. mu=\"0.01\""};
  if (facts_of(m.merge.kind).distils && (m.merge.open_samples == 0 || m.merge.distill_steps == 0))
    return {fmt::format("merge=\"{}\" without open-samples and distill-steps: there is nothing to distil on", merge),
            "both of them, e.g. open-samples=\"1000\" distill-steps=\"20\""};
  if (facts_of(m.objective.kind).compares_whole_models && partial)
    return {"objective=\"model-contrastive\" on sub-models: MOON compares whole models", "objective=\"contrastive\""};
  if (facts.splits_network && m.objective.kind != ObjectiveKind::cross_entropy)
    return {fmt::format("objective=\"{}\" with splitfed: the device holds only the first layers",
                        name_of(kObjectives, m.objective.kind)),
            "objective=\"cross-entropy\""};
  if (m.merge.own_weight == MergeChoice::OwnWeight::per_peer && m.merge.weights == MergeChoice::Weights::samples)
    return {"own-weight=\"per-peer\" with weights=\"samples\": the equation counts devices", "weights=\"uniform\""};
  if (facts.among_peers && facts_of(m.exchange.graph).reads_file && m.exchange.graph_file.empty())
    return {"graph=\"file\" without graph-file", "graph-file=\"FILE.graphml\""};
  return {};
}

/// Another objective's weight means something else, and none at all would be an objective without effect.
void check_weight(const Method& method, const Method& own, GivenAttributes& given) {
  const char* weight = facts_of(method.objective.kind).weight_example;
  if (!weight || method.objective.kind == own.objective.kind || given.has("mu") || given.has("lambda")) return;
  given.object("",
               fmt::format("method {}: objective=\"{}\" without its weight", method.name,
                           name_of(kObjectives, method.objective.kind)),
               fmt::format("{}, say", weight));
}

}  // namespace

Method read_method(const std::string& name, GivenAttributes& given) {
  const Method own = find_method(name)->choices;
  Method method = own;
  read_values(method_vocabulary(), method, given);
  for (const Attribute<Method>& row : method_vocabulary().attributes)
    if (given.has(row.name) && row.applies && !given.refused(row.name) && !row.applies(method))
      given.object(
          row.name,
          fmt::format("{}=\"{}\" has no effect on method {}", row.name, trimmed(given.value(row.name).written), name),
          "it needs " + row.needs);
  check_weight(method, own, given);
  adapt_to_selection(method, given);
  if (!given.objections().empty()) return method;
  auto [found, allowed] = contradiction(method);
  if (found.empty()) std::tie(found, allowed) = encoding_contradiction(method);
  if (found.empty()) std::tie(found, allowed) = personal_contradiction(method);
  if (found.empty()) std::tie(found, allowed) = outer_contradiction(method);
  if (found.empty()) std::tie(found, allowed) = selection_contradiction(method);
  if (found.empty()) std::tie(found, allowed) = nested_contradiction(method);
  if (found.empty()) std::tie(found, allowed) = depth_contradiction(method);
  if (found.empty()) std::tie(found, allowed) = exits_contradiction(method);
  if (found.empty()) std::tie(found, allowed) = importance_contradiction(method);
  if (!found.empty()) given.object("", fmt::format("method {}: {}", name, found), allowed);
  return method;
}

std::string choices_text(const Method& method) {
  const char* personal = name_of(kPersonals, method.personal.kind);
  return fmt::format(
      "{}{}{}{} | {} | {} | {}{}{}{}", name_of(kSplitRules, method.split.rule),
      method.split.depth.empty() ? "" : " in width and depth", method.split.exits.is_on() ? " with exits" : "",
      method.split.nested.is_on() ? " with drawn widths" : "", name_of(kObjectives, method.objective.kind),
      name_of(kExchanges, method.exchange.kind), name_of(kMerges, method.merge.kind), encoding_text(method.encoding),
      selection_text(method.selection),
      method.personal.kind == PersonalKind::none ? "" : fmt::format(" | own {}", personal));
}

}  // namespace msfusion
