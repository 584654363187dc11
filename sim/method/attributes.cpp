// A method element's attributes as changes of its four choices, in one table.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <sstream>

#include "sim/base/units.hpp"
#include "sim/method/choices.hpp"
#include "sim/method/registry.hpp"

namespace msfusion {

namespace {

// What an attribute's value must be where it is not what was found; empty when it was accepted.
using Allowed = std::string;
using Apply = std::function<Allowed(Method&, const std::string&)>;
using Applies = std::function<bool(const Method&)>;

struct AttributeRule {
  const char* name;
  Applies applies;    // judged after all choices are made
  const char* needs;  // in words, for an attribute that does not apply
  Apply apply;
};

Allowed set_number(double& target, const std::string& text, double low, double high, bool low_included) {
  const auto value = parse_number(text);
  const bool fits = value && *value <= high && (low_included ? *value >= low : *value > low);
  if (fits) target = *value;
  if (fits) return {};
  return high > 1e17 ? fmt::format("a number {} {}", low_included ? "of at least" : "above", low)
                     : fmt::format("a number in {}{}, {}]", low_included ? '[' : '(', low, high);
}

Allowed set_count(int& target, const std::string& text, int low) {
  const auto value = parse_integer(text);
  if (!value || *value < low || *value > 1'000'000'000) return fmt::format("a whole number of at least {}", low);
  target = static_cast<int>(*value);
  return {};
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

template <class T, class Table>
Allowed set_choice(T& target, const Table& table, const std::string& text) {
  const auto value = value_of(table, text);
  if (!value) return "one of " + joined(names_of(table));
  target = *value;
  return {};
}

template <class T>
Allowed set_either(T& target, const std::string& text, const char* first_name, T first, const char* second_name,
                   T second) {
  return set_choice(target, std::array<Choice<T>, 2>{{{first, first_name, ""}, {second, second_name, ""}}}, text);
}

Allowed set_split(Method& method, const std::string& text) {
  RateChoice& rate = method.split.rate;
  if (text == "auto" || text == "device") {
    rate.kind = text == "auto" ? RateChoice::Kind::automatic : RateChoice::Kind::device;
    return {};
  }
  const Allowed allowed = "a rate in (0, 1], several of them (one per level), auto, or device";
  std::vector<double> levels;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto value = parse_number(word);
    if (!value || *value <= 0 || *value > 1) return allowed;
    levels.push_back(*value);
  }
  if (levels.empty()) return allowed;
  rate.kind = levels.size() == 1 ? RateChoice::Kind::given : RateChoice::Kind::levels;
  rate.levels = std::move(levels);
  return {};
}

bool is_peers(const Method& m) {
  return facts_of(m.exchange.kind).among_peers;
}
bool is_asynchronous(const Method& m) {
  return facts_of(m.exchange.kind).spans_rounds;
}
bool shifts(const Method& m) {
  return facts_of(m.split.rule).shifts;
}
bool is_sliced(const Method& m) {
  return facts_of(m.split.rule).partial || facts_of(m.split.rule).narrows;
}
bool contrasts(const Method& m) {
  return facts_of(m.objective.kind).contrasts();
}
bool distils(const Method& m) {
  return facts_of(m.merge.kind).distils;
}
bool is_adam(const Method& m) {
  return m.merge.kind == MergeKind::adam;
}
bool always(const Method&) {
  return true;
}
constexpr double kLarge = 1e18;

const std::vector<AttributeRule>& attribute_rules() {
  using Weights = MergeChoice::Weights;
  using Negatives = ObjectiveChoice::Negatives;
  // The four choices first: what else applies depends on them.
  static const std::vector<AttributeRule> rules = {
      {"split-rule", always, "",
       [](Method& m, const std::string& v) { return set_choice(m.split.rule, kSplitRules, v); }},
      {"objective", always, "",
       [](Method& m, const std::string& v) { return set_choice(m.objective.kind, kObjectives, v); }},
      {"exchange", always, "",
       [](Method& m, const std::string& v) { return set_choice(m.exchange.kind, kExchanges, v); }},
      {"merge", always, "", [](Method& m, const std::string& v) { return set_choice(m.merge.kind, kMerges, v); }},
      {"contrastive", [](const Method& m) { return shifts(m) || contrasts(m) || m.name == "msfusion"; },
       "a double-shift split or a contrastive objective",
       [](Method& m, const std::string& v) {
         return set_either(m.objective.kind, v, "on", ObjectiveKind::contrastive, "off", ObjectiveKind::cross_entropy);
       }},
      {"split", is_sliced, "a split rule other than full", set_split},
      {"levels", [](const Method& m) { return is_sliced(m) && m.split.rate.kind == RateChoice::Kind::levels; },
       "several rates in split",
       [](Method& m, const std::string& v) {
         return set_either(m.split.rate.dynamic, v, "fixed", false, "dynamic", true);
       }},
      {"direction", [](const Method& m) { return m.split.rule == SplitRule::rolling; }, "split-rule=\"rolling\"",
       [](Method& m, const std::string& v) {
         return set_either(m.split.direction, v, "down", SplitChoice::Direction::down, "up",
                           SplitChoice::Direction::up);
       }},
      {"zeta", shifts, "split-rule=\"double-shift\"",
       [](Method& m, const std::string& v) { return set_count(m.split.zeta, v, 0); }},
      {"shift", shifts, "split-rule=\"double-shift\"",
       [](Method& m, const std::string& v) {
         return set_either(m.split.shift, v, "paper", SplitChoice::Shift::paper, "decorrelated",
                           SplitChoice::Shift::decorrelated);
       }},
      {"overlap", shifts, "split-rule=\"double-shift\"",
       [](Method& m, const std::string& v) {
         using Overlap = SplitChoice::Overlap;
         return set_choice(m.split.overlap,
                           std::array<Choice<Overlap>, 3>{{{Overlap::constant, "constant", ""},
                                                           {Overlap::linear, "linear", ""},
                                                           {Overlap::adaptive, "adaptive", ""}}},
                           v);
       }},
      {"overlap-control", shifts, "split-rule=\"double-shift\"",
       [](Method& m, const std::string& v) { return set_number(m.split.control, v, 0, 1, false); }},
      {"lambda", [](const Method& m) { return m.objective.kind == ObjectiveKind::contrastive; },
       "objective=\"contrastive\"",
       [](Method& m, const std::string& v) { return set_number(m.objective.weight, v, 0, kLarge, true); }},
      {"mu",
       [](const Method& m) {
         return m.objective.kind == ObjectiveKind::proximal || m.objective.kind == ObjectiveKind::model_contrastive;
       },
       "objective=\"proximal\" or \"model-contrastive\"",
       [](Method& m, const std::string& v) { return set_number(m.objective.weight, v, 0, kLarge, true); }},
      {"tau", contrasts, "a contrastive objective",
       [](Method& m, const std::string& v) { return set_number(m.objective.temperature, v, 0, kLarge, false); }},
      {"negatives", [](const Method& m) { return m.objective.kind == ObjectiveKind::contrastive && is_peers(m); },
       "objective=\"contrastive\" and an exchange among peers",
       [](Method& m, const std::string& v) {
         return set_choice(m.objective.negatives,
                           std::array<Choice<Negatives>, 3>{{{Negatives::previous, "previous", ""},
                                                             {Negatives::peers, "peers", ""},
                                                             {Negatives::both, "both", ""}}},
                           v);
       }},
      {"scaler", is_sliced, "a split rule other than full",
       [](Method& m, const std::string& v) { return set_either(m.objective.scaler, v, "on", true, "off", false); }},
      {"cohort", [](const Method& m) { return facts_of(m.exchange.kind).draws_cohort; },
       "a server that draws its participants: peers, local and centralised always take everybody, asynchronous methods "
       "have concurrency",
       [](Method& m, const std::string& v) {
         int cohort = 0;
         const Allowed allowed = set_count(cohort, v, 1);
         if (allowed.empty()) m.exchange.cohort = cohort;
         return allowed;
       }},
      {"graph", is_peers, "an exchange among peers",
       [](Method& m, const std::string& v) { return set_choice(m.exchange.graph, kPeerGraphs, v); }},
      {"degree", [](const Method& m) { return is_peers(m) && facts_of(m.exchange.graph).uses_degree; },
       "graph=\"regular\" or \"small-world\"",
       [](Method& m, const std::string& v) { return set_count(m.exchange.degree, v, 1); }},
      {"probability", [](const Method& m) { return is_peers(m) && facts_of(m.exchange.graph).uses_probability; },
       "graph=\"erdos-renyi\" or \"small-world\"",
       [](Method& m, const std::string& v) { return set_number(m.exchange.probability, v, 0, 1, true); }},
      {"radius", [](const Method& m) { return is_peers(m) && facts_of(m.exchange.graph).has_positions; },
       "graph=\"geometric\"",
       [](Method& m, const std::string& v) { return set_number(m.exchange.radius, v, 0, 1.5, false); }},
      {"graph-file", [](const Method& m) { return is_peers(m) && facts_of(m.exchange.graph).reads_file; },
       "graph=\"file\"",
       [](Method& m, const std::string& v) {
         m.exchange.graph_file = v;
         return Allowed(v.empty() ? "the name of a GraphML file" : "");
       }},
      {"buffer", [](const Method& m) { return is_asynchronous(m) && m.name != "fedasync"; }, "the method fedbuff",
       [](Method& m, const std::string& v) { return set_count(m.exchange.buffer, v, 1); }},
      {"concurrency", is_asynchronous, "an asynchronous method",
       [](Method& m, const std::string& v) { return set_count(m.exchange.concurrency, v, 1); }},
      {"cut", [](const Method& m) { return facts_of(m.exchange.kind).splits_network; }, "the method splitfed",
       [](Method& m, const std::string& v) { return set_count(m.exchange.cut, v, 1); }},
      {"weights", [](const Method& m) { return facts_of(m.merge.kind).is_mean; }, "a merge that is a mean",
       [](Method& m, const std::string& v) {
         return set_either(m.merge.weights, v, "samples", Weights::samples, "uniform", Weights::uniform);
       }},
      {"server-learning-rate",
       [](const Method& m) { return is_adam(m) || m.merge.kind == MergeKind::variates || m.name == "fedbuff"; },
       "merge=\"adam\" or \"variates\", or the method fedbuff",
       [](Method& m, const std::string& v) { return set_number(m.merge.server_learning_rate, v, 0, kLarge, false); }},
      {"beta", [](const Method& m) { return m.merge.kind == MergeKind::momentum; }, "merge=\"momentum\"",
       [](Method& m, const std::string& v) { return set_number(m.merge.beta1, v, 0, 1, true); }},
      {"beta1", is_adam, "merge=\"adam\"",
       [](Method& m, const std::string& v) { return set_number(m.merge.beta1, v, 0, 1, true); }},
      {"beta2", is_adam, "merge=\"adam\"",
       [](Method& m, const std::string& v) { return set_number(m.merge.beta2, v, 0, 1, true); }},
      {"server-tau", is_adam, "merge=\"adam\"",
       [](Method& m, const std::string& v) { return set_number(m.merge.tau, v, 0, kLarge, false); }},
      {"staleness-exponent", is_asynchronous, "an asynchronous method",
       [](Method& m, const std::string& v) { return set_number(m.merge.staleness_exponent, v, 0, kLarge, true); }},
      {"mixing", [](const Method& m) { return m.name == "fedasync"; }, "the method fedasync",
       [](Method& m, const std::string& v) { return set_number(m.merge.mixing, v, 0, 1, false); }},
      {"distill-steps", distils, "a merge that distils",
       [](Method& m, const std::string& v) { return set_count(m.merge.distill_steps, v, 1); }},
      {"open-samples", distils, "a merge that distils",
       [](Method& m, const std::string& v) {
         int samples = 0;
         const Allowed allowed = set_count(samples, v, 1);
         if (allowed.empty()) m.merge.open_samples = samples;
         return allowed;
       }},
      {"sharpen", [](const Method& m) { return m.merge.kind == MergeKind::average_logits; }, "merge=\"average-logits\"",
       [](Method& m, const std::string& v) { return set_number(m.merge.sharpen, v, 0, kLarge, false); }},
  };
  return rules;
}

// Why the four choices do not go together, and what would; empty when they do.
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
    return {fmt::format("merge=\"{}\" where the exchange is \"{}\"", merge, exchange), "one of " + joined(names)};
  }
  if ((m.objective.kind == ObjectiveKind::control_variates) != (m.merge.kind == MergeKind::variates))
    return {fmt::format("objective=\"{}\" with merge=\"{}\": control variates need both their loss and their merge",
                        name_of(kObjectives, m.objective.kind), merge),
            "objective=\"control-variates\" together with merge=\"variates\""};
  if (distils(m) && (m.merge.open_samples == 0 || m.merge.distill_steps == 0))
    return {fmt::format("merge=\"{}\" without open-samples and distill-steps: there is nothing to distil on", merge),
            "both of them, e.g. open-samples=\"1000\" distill-steps=\"20\""};
  if (facts_of(m.objective.kind).compares_whole_models && partial)
    return {"objective=\"model-contrastive\" on sub-models: MOON compares whole models", "objective=\"contrastive\""};
  if (facts.splits_network && m.objective.kind != ObjectiveKind::cross_entropy)
    return {fmt::format("objective=\"{}\" with splitfed: the device holds only the first layers",
                        name_of(kObjectives, m.objective.kind)),
            "objective=\"cross-entropy\""};
  if (facts.among_peers && facts_of(m.exchange.graph).reads_file && m.exchange.graph_file.empty())
    return {"graph=\"file\" without graph-file", "graph-file=\"FILE.graphml\""};
  return {};
}

}  // namespace

std::vector<Method> make_methods(const Scenario& scenario, std::vector<Mistake>& mistakes) {
  std::vector<Method> methods;
  for (const MethodElement& element : scenario.methods) {
    const MethodEntry* entry = find_method(element.name);
    if (!entry) {
      std::string names;
      for (const MethodEntry& candidate : method_table())
        names += (names.empty() ? "" : ", ") + std::string(candidate.name);
      mistakes.push_back({scenario.file, element.line, fmt::format("method \"{}\"", element.name), "one of " + names});
      continue;
    }
    Method method = entry->choices;
    method.name = element.name;
    method.label = element.label;
    method.line = element.line;
    const std::size_t mistakes_before = mistakes.size();
    const auto attribute_of = [&](const char* name) {
      return std::find_if(element.attributes.begin(), element.attributes.end(),
                          [&](const MethodAttribute& a) { return a.name == name; });
    };
    for (const AttributeRule& rule : attribute_rules()) {
      const auto attribute = attribute_of(rule.name);
      if (attribute == element.attributes.end()) continue;
      const Allowed allowed = rule.apply(method, attribute->value);
      if (!allowed.empty())
        mistakes.push_back({scenario.file, attribute->line,
                            fmt::format("{}=\"{}\" of method {}", rule.name, attribute->value, element.name), allowed});
    }
    for (const AttributeRule& rule : attribute_rules()) {
      const auto attribute = attribute_of(rule.name);
      if (attribute != element.attributes.end() && !rule.applies(method))
        mistakes.push_back(
            {scenario.file, attribute->line,
             fmt::format("{}=\"{}\" has no effect on method {}", rule.name, attribute->value, element.name),
             fmt::format("it needs {}", rule.needs)});
    }
    for (const MethodAttribute& attribute : element.attributes)
      if (std::none_of(attribute_rules().begin(), attribute_rules().end(),
                       [&](const AttributeRule& rule) { return attribute.name == rule.name; }))
        mistakes.push_back({scenario.file, attribute.line,
                            fmt::format("attribute {} of method {}", attribute.name, element.name),
                            "see scenarios/README.md"});
    // Another objective's weight means something else, and none at all would be an objective without effect.
    const char* weight = facts_of(method.objective.kind).weight_example;
    if (weight && method.objective.kind != entry->choices.objective.kind &&
        attribute_of("mu") == element.attributes.end() && attribute_of("lambda") == element.attributes.end())
      mistakes.push_back({scenario.file, element.line,
                          fmt::format("method {}: objective=\"{}\" without its weight", element.name,
                                      name_of(kObjectives, method.objective.kind)),
                          fmt::format("{}, say", weight)});
    if (mistakes.size() == mistakes_before) {
      const auto [found, allowed] = contradiction(method);
      if (!found.empty())
        mistakes.push_back({scenario.file, element.line, fmt::format("method {}: {}", element.name, found), allowed});
    }
    if (mistakes.size() == mistakes_before) methods.push_back(std::move(method));
  }
  return methods;
}

std::string choices_text(const Method& method) {
  return fmt::format("{} | {} | {} | {}", name_of(kSplitRules, method.split.rule),
                     name_of(kObjectives, method.objective.kind), name_of(kExchanges, method.exchange.kind),
                     name_of(kMerges, method.merge.kind));
}

}  // namespace msfusion
