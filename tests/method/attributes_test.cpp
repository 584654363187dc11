#include <set>

#include "sim/method/choices.hpp"
#include "sim/method/registry.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
struct Outcome {
  std::vector<Method> methods;
  std::vector<Mistake> mistakes;
};
Outcome make(const std::string& name, std::vector<std::pair<std::string, std::string>> attributes) {
  Scenario scenario;
  scenario.file = "s.xml";
  MethodElement element;
  element.name = element.label = name;
  element.line = 7;
  for (const auto& [attribute, value] : attributes) element.attributes.push_back({attribute, value, 8});
  scenario.methods.push_back(element);
  Outcome outcome;
  outcome.methods = make_methods(scenario, outcome.mistakes);
  return outcome;
}
}  // namespace

TEST_CASE("every method of the table makes sense as it is") {
  std::set<std::string> names;
  for (const MethodEntry& entry : method_table()) {
    const Outcome outcome = make(entry.name, {});
    INFO(entry.name);
    REQUIRE(outcome.mistakes.empty());
    CHECK(outcome.methods.front().name == entry.name);
    names.insert(entry.name);
  }
  CHECK(names.size() == method_table().size());
}

TEST_CASE("an ablation is one changed attribute") {
  CHECK(make("msfusion", {{"contrastive", "off"}}).methods.front().objective.kind == ObjectiveKind::cross_entropy);
  CHECK(make("msfusion", {{"split-rule", "fixed"}}).methods.front().split.rule == SplitRule::fixed);
  CHECK(make("fedrolex", {{"direction", "up"}}).methods.front().split.direction == SplitChoice::Direction::up);
  const Method levels = make("heterofl", {{"split", "1 0.5 0.25"}, {"levels", "dynamic"}}).methods.front();
  CHECK(levels.split.rate.levels == std::vector<double>{1, 0.5, 0.25});
  CHECK(levels.split.rate.dynamic);
}

TEST_CASE("an attribute that a method has no use for is refused with what it needs") {
  struct Row {
    const char *method, *attribute, *value, *says;
  };
  for (const Row& row : std::vector<Row>{{"fedavg", "zeta", "1", "it needs split-rule=\"double-shift\""},
                                         {"fedavg", "split", "0.5", "it needs a split rule other than full"},
                                         {"msfusion", "cohort", "3", "it needs a server that draws its participants"},
                                         {"fedprox", "tau", "0.5", "it needs a contrastive objective"},
                                         {"msfusion", "degree", "3", "it needs graph=\"regular\" or \"small-world\""},
                                         {"msfusion", "split", "0", "a rate in (0, 1]"},
                                         {"msfusion", "split", "1.5", "a rate in (0, 1]"},
                                         {"msfusion", "split", "nan", "a rate in (0, 1]"},
                                         {"msfusion", "overlap-control", "0", "a number in (0, 1]"},
                                         {"heterofl", "merge", "mean", "merge=\"overlap-mean\""},
                                         {"fedavg", "merge", "gossip", "one of mean, overlap-mean"},
                                         {"fedavg", "merge", "variates", "objective=\"control-variates\""},
                                         {"moon", "split-rule", "fixed", "merge=\"overlap-mean\""},
                                         {"fedavg", "objective", "magic", "one of cross-entropy"}}) {
    const Outcome outcome = make(row.method, {{row.attribute, row.value}});
    INFO(row.method << " " << row.attribute << "=" << row.value);
    REQUIRE(outcome.methods.empty());
    REQUIRE(outcome.mistakes.size() == 1);
    CHECK_THAT(to_string(outcome.mistakes.front()), StartsWith("s.xml:") && ContainsSubstring(row.says));
  }
}

TEST_CASE("the choices of a method read as they are written in scenarios") {
  CHECK(choices_text(make("msfusion", {}).methods.front()) == "double-shift | contrastive | peers | overlap-mean");
}
