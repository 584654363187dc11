// A method element: its attributes applied to the method's choices, and what does not go together.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/method/names.hpp"
#include "sim/method/registry.hpp"

namespace msfusion {

namespace {

bool weighs(ObjectiveKind kind) {
  return kind == ObjectiveKind::proximal || kind == ObjectiveKind::model_contrastive ||
         kind == ObjectiveKind::contrastive;
}
bool distils(const Method& m) {
  return m.merge.kind == MergeKind::distill || m.merge.kind == MergeKind::average_logits;
}

// Why the four choices do not go together, and what would; empty when they do.
std::pair<std::string, std::string> contradiction(const Method& m) {
  const std::string merge = name_of(kMerges, m.merge.kind), exchange = name_of(kExchanges, m.exchange.kind);
  const bool partial = m.split.rule != SplitRule::full && m.split.rule != SplitRule::narrow;
  if (m.split.rule == SplitRule::narrow &&
      (m.split.rate.kind == RateChoice::Kind::levels || m.split.rate.kind == RateChoice::Kind::device))
    return {"split-rule=\"narrow\" with several rates: it is one model for everybody", "split=\"auto\" or one rate"};
  if (partial && m.merge.kind != MergeKind::overlap_mean)
    return {fmt::format("split-rule=\"{}\" with merge=\"{}\": the merge needs whole models of one size",
                        name_of(kSplitRules, m.split.rule), merge),
            "merge=\"overlap-mean\", or split-rule=\"full\" or \"narrow\""};
  const auto merges = [&]() -> std::vector<MergeKind> {
    switch (m.exchange.kind) {
      case ExchangeKind::server:
        return {MergeKind::mean, MergeKind::overlap_mean, MergeKind::momentum,
                MergeKind::adam, MergeKind::variates,     MergeKind::distill};
      case ExchangeKind::edge:
        return {MergeKind::mean, MergeKind::momentum, MergeKind::adam, MergeKind::variates};
      case ExchangeKind::peers:
        return {MergeKind::overlap_mean, MergeKind::gossip};
      case ExchangeKind::asynchronous:
        return {MergeKind::staleness};
      case ExchangeKind::split:
        return {MergeKind::mean};
      case ExchangeKind::logits:
        return {MergeKind::average_logits};
      case ExchangeKind::none:
      case ExchangeKind::central:
        return {MergeKind::none};
    }
    return {};
  }();
  if (std::find(merges.begin(), merges.end(), m.merge.kind) == merges.end()) {
    std::string names;
    for (MergeKind kind : merges) names += (names.empty() ? "" : ", ") + std::string(name_of(kMerges, kind));
    return {fmt::format("merge=\"{}\" where the exchange is \"{}\"", merge, exchange), "one of " + names};
  }
  if ((m.objective.kind == ObjectiveKind::control_variates) != (m.merge.kind == MergeKind::variates))
    return {fmt::format("objective=\"{}\" with merge=\"{}\": control variates need both their loss and their merge",
                        name_of(kObjectives, m.objective.kind), merge),
            "objective=\"control-variates\" together with merge=\"variates\""};
  if (distils(m) && (m.merge.open_samples == 0 || m.merge.distill_steps == 0))
    return {fmt::format("merge=\"{}\" without open-samples and distill-steps: there is nothing to distil on", merge),
            "both of them, e.g. open-samples=\"1000\" distill-steps=\"20\""};
  if (m.objective.kind == ObjectiveKind::model_contrastive && partial)
    return {"objective=\"model-contrastive\" on sub-models: MOON compares whole models", "objective=\"contrastive\""};
  if (m.exchange.kind == ExchangeKind::split && m.objective.kind != ObjectiveKind::cross_entropy)
    return {fmt::format("objective=\"{}\" with splitfed: the device holds only the first layers",
                        name_of(kObjectives, m.objective.kind)),
            "objective=\"cross-entropy\""};
  if (m.exchange.kind == ExchangeKind::peers && m.exchange.graph == PeerGraph::file && m.exchange.graph_file.empty())
    return {"graph=\"file\" without graph-file", "graph-file=\"FILE.graphml\""};
  return {};
}

/// Another objective's weight means something else, and none at all would be an objective without effect.
void check_weight(const Method& method, GivenAttributes& given) {
  const ObjectiveKind own = method_of(*find_method(method.name)).objective.kind;
  if (!weighs(method.objective.kind) || method.objective.kind == own) return;
  if (given.has("mu") || given.has("lambda")) return;
  const std::map<ObjectiveKind, const char*> examples = {{ObjectiveKind::contrastive, "lambda=\"0.1\", say"},
                                                         {ObjectiveKind::proximal, "mu=\"0.01\", say"},
                                                         {ObjectiveKind::model_contrastive, "mu=\"1\", say"}};
  given.object("",
               fmt::format("method {}: objective=\"{}\" without its weight", method.name,
                           name_of(kObjectives, method.objective.kind)),
               examples.at(method.objective.kind));
}

}  // namespace

const MethodEntry* find_method(const std::string& name) {
  for (const MethodEntry& entry : method_table())
    if (name == entry.name) return &entry;
  return nullptr;
}

Method method_of(const MethodEntry& entry) {
  Method method = entry.make();
  method.name = entry.name;
  return method;
}

Method read_method(const std::string& name, GivenAttributes& given) {
  Method method = method_of(*find_method(name));
  read_values(method_vocabulary(), method, given);
  for (const Attribute<Method>& row : method_vocabulary().attributes)
    if (given.has(row.name) && row.applies && !given.refused(row.name) && !row.applies(method))
      given.object(
          row.name,
          fmt::format("{}=\"{}\" has no effect on method {}", row.name, trimmed(given.value(row.name).written), name),
          "it needs " + row.needs);
  check_weight(method, given);
  if (!given.objections().empty()) return method;
  const auto [found, allowed] = contradiction(method);
  if (!found.empty()) given.object("", fmt::format("method {}: {}", name, found), allowed);
  return method;
}

std::string choices_text(const Method& method) {
  return fmt::format("{} | {} | {} | {}", name_of(kSplitRules, method.split.rule),
                     name_of(kObjectives, method.objective.kind), name_of(kExchanges, method.exchange.kind),
                     name_of(kMerges, method.merge.kind));
}

}  // namespace msfusion
