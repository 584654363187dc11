// What a user can say in <method>: its attributes as changes of the method's choices, in one table.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/method/choices.hpp"
#include "sim/method/depth_options.hpp"
#include "sim/method/encoding_attributes.hpp"
#include "sim/method/exit_options.hpp"
#include "sim/method/importance_options.hpp"
#include "sim/method/msfusion_vocabulary.hpp"
#include "sim/method/outer_options.hpp"
#include "sim/method/registry.hpp"
#include "sim/method/selection_attributes.hpp"

namespace msfusion {

namespace {

using Direction = SplitChoice::Direction;
using Weights = MergeChoice::Weights;

constexpr std::array<Choice<bool>, 2> kLevels{{
    {false, "fixed", "a device keeps its rate"},
    {true, "dynamic", "rates are redrawn every round"},
}};
constexpr std::array<Choice<Direction>, 2> kDirections{{
    {Direction::down, "down", "as in FedRolex's released code"},
    {Direction::up, "up", "as in FedRolex's paper"},
}};
constexpr std::array<Choice<Weights>, 2> kWeights{{
    {Weights::samples, "samples", "devices count by their samples"},
    {Weights::uniform, "uniform", "all devices count the same"},
}};

constexpr int kDeepestCut = 1000;
constexpr double kLargestRadius = 1.5;  // all of the unit square

bool is_peers(const Method& m) {
  return facts_of(m.exchange.kind).among_peers;
}
bool is_asynchronous(const Method& m) {
  return facts_of(m.exchange.kind).spans_rounds;
}
bool is_sliced(const Method& m) {
  return facts_of(m.split.rule).partial || facts_of(m.split.rule).narrows;
}
bool distils(const Method& m) {
  return facts_of(m.merge.kind).distils;
}
bool is_adam(const Method& m) {
  return m.merge.kind == MergeKind::adam;
}

/// A rate, several of them, auto or device.
TypeOf<RateChoice> split_type() {
  using Kind = RateChoice::Kind;
  const TypeOf<double> rate = number_above(0, 1);
  const TypeOf<std::vector<double>> rates = list_of(rate);
  const ValueType words = words_type("split-word", {"auto", "device"});
  TypeOf<RateChoice> type;
  type.name = "split";
  type.parts = {rates.without_values(), rate.without_values()};
  type.allowed = rate.allowed + ", several such numbers separated by blanks, auto or device";
  type.schema = fmt::format("<xs:union memberTypes=\"{}\"><xs:simpleType>{}</xs:simpleType></xs:union>", rates.name,
                            words.schema);
  type.parse = [rates](const std::string& written) -> std::optional<RateChoice> {
    RateChoice choice;
    const std::string text = trimmed(written);
    if (text == "auto" || text == "device") {
      choice.kind = text == "auto" ? Kind::automatic : Kind::device;
      return choice;
    }
    const auto levels = rates.parse(text);
    if (!levels) return {};
    choice.kind = levels->size() == 1 ? Kind::given : Kind::levels;
    choice.levels = *levels;
    return choice;
  };
  type.write = [rates](const RateChoice& choice) -> std::string {
    if (choice.kind == Kind::automatic) return "auto";
    return choice.kind == Kind::device ? "device" : rates.write(choice.levels);
  };
  return type;
}

/// What the methods that have a use for the attribute say by themselves: one value, or the most frequent with its
/// exceptions.
std::string default_of(const Attribute<Method>& row) {
  std::vector<std::pair<std::string, std::vector<std::string>>> values;  // and the methods that have each
  for (const MethodEntry& entry : method_table()) {
    const Method& method = entry.choices;
    if (row.applies && !row.applies(method)) continue;
    const std::string value = row.written(method);
    auto known = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == value; });
    if (known == values.end()) known = values.insert(known, {value, {}});
    known->second.push_back(entry.name);
  }
  if (values.empty()) return row.written(Method());  // an attribute of choices that no method makes by itself
  if (values.size() == 1) return values.front().first;
  const auto more = [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); };
  std::stable_sort(values.begin(), values.end(), more);
  std::string text = values.front().first;
  std::size_t exceptions = 0;
  for (auto value = values.begin() + 1; value != values.end(); ++value)
    for (const std::string& name : value->second) {
      text += fmt::format(", {} {}", name, value->first);
      ++exceptions;
    }
  return exceptions <= 3 ? text : "of the method";
}

}  // namespace

// A table. NOLINTNEXTLINE(readability-function-size)
static const Vocabulary<Method>& choice_vocabulary() {
  using M = Method;
  static const Vocabulary<M> all{
      {
          attribute<M>(
              "rounds", [](auto& m) -> auto& { return m.rounds; }, whole(1),
              "Rounds of this method, instead of the scenario's.",
              "More for an asynchronous method, whose rounds are merges.")
              .in("rounds")
              .absent("of <training>"),
          attribute<M>(
              "split", [](auto& m) -> auto& { return m.split.rate; }, split_type(),
              "Width of the devices' sub-models: a rate; several rates (levels) dealt to equal blocks of devices; "
              "auto: the widest that fits memory, deadline and energy; device: the property split of each host.",
              "Smaller is cheaper and learns less; auto for mixed fleets.")
              .only_with("", is_sliced, "a split rule other than full"),
          attribute<M>(
              "levels", [](auto& m) -> auto& { return m.split.rate.dynamic; }, one_of_table("levels", kLevels),
              "Several rates in split: a device keeps its rate, or rates are redrawn every round.",
              "dynamic to repeat HeteroFL's dynamic setting.")
              .only_with(
                  "", [](const M& m) { return is_sliced(m) && m.split.rate.kind == RateChoice::Kind::levels; },
                  "several rates in split"),
          attribute<M>(
              "split-rule", [](auto& m) -> auto& { return m.split.rule; }, one_of_table("split-rule", kSplitRules),
              "Which units a sub-model has: all, those of one narrow model, a fixed window, a rolling one, a random "
              "subset, or double-shifted windows.",
              "To take MSfusion's parts off one by one."),
          attribute<M>(
              "direction", [](auto& m) -> auto& { return m.split.direction; }, one_of_table("direction", kDirections),
              "down as in FedRolex's released code, up as in its paper.", "To compare the two.")
              .only_with(
                  "", [](const M& m) { return m.split.rule == SplitRule::rolling; }, "split-rule=\"rolling\""),
          attribute<M>(
              "objective", [](auto& m) -> auto& { return m.objective.kind; }, one_of_table("objective", kObjectives),
              "The local loss.", "For ablations."),
          attribute<M>(
              "mu", [](auto& m) -> auto& { return m.objective.weight; }, number_from(0),
              "Weight of FedProx's proximal and of MOON's contrastive term, and FedDyn's alpha.",
              "Tune it: 0.001 to 1 for fedprox, 1 to 5 for moon, 0.01 to 0.1 for feddyn.")
              .only_with(
                  "",
                  [](const M& m) {
                    return m.objective.kind == ObjectiveKind::proximal ||
                           m.objective.kind == ObjectiveKind::model_contrastive ||
                           m.objective.kind == ObjectiveKind::dynamic;
                  },
                  "objective=\"proximal\", \"model-contrastive\" or \"dynamic\""),
          attribute<M>(
              "scaler", [](auto& m) -> auto& { return m.objective.scaler; }, on_off(),
              "Activations are divided by the device's relative rate before each norm in training (HeteroFL).",
              "For ablations.")
              .only_with("", is_sliced, "a split rule other than full"),
          attribute<M>(
              "cohort", [](auto& m) -> auto& { return m.exchange.cohort; }, whole(1),
              "Devices drawn each round, at most as many as there are.",
              "A tenth of the fleet is common in the literature.")
              .in("devices")
              .absent("all")
              .only_with(
                  "", [](const M& m) { return facts_of(m.exchange.kind).draws_cohort; },
                  "a server that draws its participants: peers, local and centralised always take everybody, "
                  "asynchronous methods have concurrency"),
          attribute<M>(
              "graph", [](auto& m) -> auto& { return m.exchange.graph; }, one_of_table("peer-graph", kPeerGraphs),
              "Who is whose peer.", "Sparser graphs save traffic and mix more slowly.")
              .only_with("", is_peers, "an exchange among peers"),
          attribute<M>(
              "degree", [](auto& m) -> auto& { return m.exchange.degree; }, whole(1), "Peers of a device.",
              "Even, and less than the number of devices.")
              .in("peers")
              .only_with(
                  "", [](const M& m) { return is_peers(m) && facts_of(m.exchange.graph).uses_degree; },
                  "graph=\"regular\" or \"small-world\""),
          attribute<M>(
              "probability", [](auto& m) -> auto& { return m.exchange.probability; }, number_from(0, 1),
              "Of an edge (erdos-renyi, above 0) or of rewiring one (small-world).",
              "Raise it if the graph is not connected.")
              .only_with(
                  "", [](const M& m) { return is_peers(m) && facts_of(m.exchange.graph).uses_probability; },
                  "graph=\"erdos-renyi\" or \"small-world\""),
          attribute<M>(
              "radius", [](auto& m) -> auto& { return m.exchange.radius; }, number_above(0, kLargestRadius),
              "Devices nearer than this in the unit square are peers.", "Raise it if the graph is not connected.")
              .only_with(
                  "", [](const M& m) { return is_peers(m) && facts_of(m.exchange.graph).has_positions; },
                  "graph=\"geometric\""),
          attribute<M>(
              "graph-file", [](auto& m) -> auto& { return m.exchange.graph_file; }, path(),
              "A GraphML file with as many nodes as there are devices; its first node is the first device, and so on.",
              "For a measured or designed topology.")
              .absent("needed with file")
              .only_with(
                  "", [](const M& m) { return is_peers(m) && facts_of(m.exchange.graph).reads_file; },
                  "graph=\"file\""),
          attribute<M>(
              "weights", [](auto& m) -> auto& { return m.merge.weights; }, one_of_table("weights", kWeights),
              "Devices count by their samples, or all the same, in a merge; after a draw by size all the same.",
              "uniform where the paper to be repeated has it.")
              .only_with(
                  "", [](const M& m) { return facts_of(m.merge.kind).is_mean; }, "a merge that is a mean"),
          attribute<M>(
              "server-learning-rate", [](auto& m) -> auto& { return m.merge.server_learning_rate; }, number_above(0),
              "Step size of the server.", "0.01 to 0.1 for fedadam.")
              .only_with(
                  "",
                  [](const M& m) {
                    return is_adam(m) || has_momentum(m) || m.merge.kind == MergeKind::variates || m.name == "fedbuff";
                  },
                  "merge=\"adam\", \"variates\" or one with momentum, or the method fedbuff"),
          attribute<M>(
              "beta", [](auto& m) -> auto& { return m.merge.beta1; }, number_below(0, 1), "Momentum of the server.",
              "0 is fedavg.")
              .only_with("", has_momentum, "merge=\"momentum\", \"fragments\" or \"delayed-nesterov\""),
          attribute<M>(
              "beta1", [](auto& m) -> auto& { return m.merge.beta1; }, number_below(0, 1),
              "Decay of the server's first moment.", "Seldom.")
              .only_with("", is_adam, "merge=\"adam\""),
          attribute<M>(
              "beta2", [](auto& m) -> auto& { return m.merge.beta2; }, number_below(0, 1),
              "Decay of the server's second moment.", "Seldom.")
              .only_with("", is_adam, "merge=\"adam\""),
          attribute<M>(
              "server-tau", [](auto& m) -> auto& { return m.merge.tau; }, number_above(0),
              "Keeps the server's denominator away from 0.", "Larger is less adaptive.")
              .only_with("", is_adam, "merge=\"adam\""),
          attribute<M>(
              "staleness-exponent", [](auto& m) -> auto& { return m.merge.staleness_exponent; }, number_from(0),
              "An update s merges late weighs (1 + s)^-exponent.", "0 ignores staleness.")
              .only_with(
                  "", [](const M& m) { return m.merge.kind == MergeKind::staleness; }, "merge=\"staleness\""),
          attribute<M>(
              "mixing", [](auto& m) -> auto& { return m.merge.mixing; }, number_above(0, 1),
              "Weight of an arriving model that is not stale.", "Smaller is steadier and slower.")
              .only_with(
                  "", [](const M& m) { return m.name == "fedasync"; }, "the method fedasync"),
          attribute<M>(
              "buffer", [](auto& m) -> auto& { return m.exchange.buffer; }, whole(1),
              "Arrivals that a merge waits for: no more than trainings can be under way, which is concurrency or else "
              "the number of devices.",
              "1 is fedasync.")
              .in("updates")
              .only_with(
                  "", [](const M& m) { return is_asynchronous(m) && m.name != "fedasync"; }, "the method fedbuff"),
          attribute<M>(
              "concurrency", [](auto& m) -> auto& { return m.exchange.concurrency; }, whole(0),
              "Devices at work at once; 0 is all. At each arrival those that have nothing to do start again, drawn at "
              "random where there are more than that.",
              "Lower it to limit staleness.")
              .in("devices")
              .only_with("", is_asynchronous, "an asynchronous method"),
          attribute<M>(
              "cut", [](auto& m) -> auto& { return m.exchange.cut; }, whole(1, kDeepestCut),
              "Layers that stay on the device.", "Later cuts compute more and may send less.")
              .in("layers")
              .only_with(
                  "", [](const M& m) { return facts_of(m.exchange.kind).splits_network; }, "the method splitfed"),
          attribute<M>(
              "distill-steps", [](auto& m) -> auto& { return m.merge.distill_steps; }, whole(1),
              "Optimiser steps of a distillation.", "More follow the ensemble more closely.")
              .in("steps")
              .only_with("", distils, "a merge that distils"),
          attribute<M>(
              "open-samples", [](auto& m) -> auto& { return m.merge.open_samples; }, whole(1),
              "Training samples set aside without labels.", "More cost dsfl more traffic.")
              .in("samples")
              .only_with("", distils, "a merge that distils"),
          attribute<M>(
              "sharpen", [](auto& m) -> auto& { return m.merge.sharpen; }, number_above(0),
              "Temperature that sharpens the mean prediction.", "1 leaves it as it is.")
              .only_with(
                  "", [](const M& m) { return m.merge.kind == MergeKind::average_logits; }, "merge=\"average-logits\""),
          attribute<M>(
              "exchange", [](auto& m) -> auto& { return m.exchange.kind; }, one_of_table("exchange", kExchanges),
              "Who sends what to whom: a server and its devices; the same through edge aggregators, each of which "
              "passes on the sum of its devices (hierarchical aggregation); peers among themselves; a server that does "
              "not wait (asynchronous); devices that form sums among themselves (all), fragment by fragment (stream); "
              "and what splitfed (split), dsfl (logits), local (none) and centralised "
              "(central) do.",
              "edge where the platform has aggregators; server or peers for ablations."),
          attribute<M>(
              "merge", [](auto& m) -> auto& { return m.merge.kind; }, one_of_table("merge", kMerges),
              "How the pieces become the next model.", "For ablations."),
      },
      {}};
  return all;
}

const Vocabulary<Method>& method_vocabulary() {
  static const Vocabulary<Method> all = with_importance(with_exits_attributes(with_depth_attribute(
      with_nested(with_selections(with_outer(with_personal(with_encodings(with_msfusion(choice_vocabulary())))))))));
  return all;
}

std::vector<AttributeInfo> method_attributes() {
  std::vector<std::string> names;
  for (const MethodEntry& entry : method_table()) names.emplace_back(entry.name);
  AttributeInfo name;
  name.name = "name";
  name.type = words_type("method-name", names);
  name.required = true;
  name.meaning = "The method.";
  AttributeInfo label;
  label.name = "label";
  label.type = line_up_to(kLongestLabel).without_values();
  label.fallback = "the name";
  label.meaning = "What the report calls it; unique in the scenario.";
  label.when = "Needed where a method occurs twice with different choices.";
  std::vector<AttributeInfo> all = {name, label};
  for (const Attribute<Method>& row : method_vocabulary().attributes) {
    all.push_back(static_cast<const AttributeInfo&>(row));
    if (row.fallback.empty()) all.back().fallback = default_of(row);
  }
  return all;
}

}  // namespace msfusion
