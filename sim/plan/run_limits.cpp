#include "sim/plan/run_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "sim/base/error.hpp"

namespace msfusion {

namespace {

constexpr const char* kTarget = "target";

struct LimitKind {
  std::optional<double> RunLimits::*limit;
  Quantity quantity;
  const char *example, *base_unit;
  RunEnding ending;
};

constexpr std::array<LimitKind, 3> kLimits{{
    {&RunLimits::seconds, Quantity::seconds, "10min", "s", RunEnding::time},
    {&RunLimits::bytes, Quantity::bytes, "500MB", "B", RunEnding::traffic},
    {&RunLimits::joules, Quantity::joules, "50kJ", "J", RunEnding::energy},
}};

std::optional<double> spent_of(const RunBudget::Spent& spent, RunEnding ending) {
  return ending == RunEnding::time ? spent.seconds : ending == RunEnding::traffic ? spent.bytes : spent.joules;
}

/// Reads one word into the limits; false: it is none, or the second of its kind.
bool add_limit(RunLimits& limits, const std::string& word) {
  if (word == kTarget) return !std::exchange(limits.target, true);
  for (const LimitKind& kind : kLimits) {
    const auto value = quantity(kind.quantity, kind.example).parse(word);
    if (!value || *value <= 0 || parse_number(word)) continue;  // a bare 0 has no unit
    return !std::exchange(limits.*kind.limit, *value);
  }
  return false;
}

std::optional<RunLimits> read_limits(const std::string& text) {
  RunLimits limits;
  std::istringstream words(text);
  for (std::string word; words >> word;)
    if (!add_limit(limits, word)) return {};
  return limits.empty() ? std::nullopt : std::optional(limits);
}

}  // namespace

TypeOf<RunLimits> run_limits_type() {
  TypeOf<RunLimits> type;
  type.name = "run-limits";
  type.allowed =
      "one or more of a time (\"10min\"), an amount sent (\"500MB\"), an energy (\"50kJ\") and target, each once, "
      "separated by blanks";
  std::string one = kTarget;
  for (const LimitKind& kind : kLimits) {
    std::string units;
    for (const char c : allowed_units(kind.quantity)) units += c == ',' ? "|" : c == ' ' ? "" : std::string(1, c);
    one += fmt::format("|([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+\\-]?[0-9]+)?({})", units);
  }
  type.schema =
      fmt::format("<xs:restriction base=\"xs:token\"><xs:pattern value=\"({0})( ({0}))*\"/></xs:restriction>", one);
  type.parse = read_limits;
  type.write = [](const RunLimits& limits) {
    std::string text;
    for (const LimitKind& kind : kLimits)
      if (const auto& limit = limits.*kind.limit) text += decimal(*limit) + kind.base_unit + " ";
    return trimmed(text + (limits.target ? kTarget : ""));
  };
  return type;
}

std::string text_of(const RunLimits& limits) {
  std::string text;
  const auto add = [&](const std::string& limit) { text += (text.empty() ? "" : " or ") + limit; };
  for (const LimitKind& kind : kLimits)
    if (const auto& limit = limits.*kind.limit) add(human(*limit, kind.quantity));
  if (limits.target) add(kTarget);
  return text;
}

RunBudget::RunBudget(int rounds, RunLimits limits, std::optional<double> target)
    : rounds_(rounds), limits_(limits), target_(limits.target ? target : std::nullopt) {}

RunBudget RunBudget::of_recorded(int rounds, RunEnding ending) {
  RunBudget budget(rounds, {});
  if (ending != RunEnding::rounds) budget.last_ = RunEnding::recorded;
  return budget;
}

bool RunBudget::begin(int round) {
  if (!ended_by_ && round >= rounds_) ended_by_ = last_;
  return !ended_by_;
}

bool RunBudget::charge(int round, const Spent& of_round) {
  Spent spent{of_round.seconds, spent_.bytes + of_round.bytes, std::nullopt};
  if (spent_.joules && of_round.joules) spent.joules = *spent_.joules + *of_round.joules;
  double share = (round + 1.0) / rounds_;
  for (const LimitKind& kind : kLimits) {
    const auto& limit = limits_.*kind.limit;
    if (!limit) continue;
    const auto value = spent_of(spent, kind.ending);
    if (!value)
      throw RunError("until names an energy, and the energy is unknown: a host of the platform states no power");
    if (*value <= *limit) {
      share = std::max(share, *value / *limit);
      continue;
    }
    if (round == 0)
      throw RunError(fmt::format("the first round would go beyond until=\"{}\": {}", human(*limit, kind.quantity),
                                 human(*value, kind.quantity)));
    ended_by_ = kind.ending;
    return false;
  }
  spent_ = spent;
  share_ = share;
  return true;
}

void RunBudget::note_accuracy(double accuracy) {
  if (target_ && accuracy >= *target_) ended_by_ = RunEnding::target;
}

}  // namespace msfusion
