#include <map>
#include <set>

#include "sim/method/choices.hpp"
#include "sim/method/registry.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
struct Outcome {
  Method method;
  std::vector<Objection> mistakes;
};
Outcome make(const std::string& name, const std::vector<std::pair<std::string, std::string>>& attributes) {
  std::map<std::string, GivenAttributes::Value> values;
  for (const auto& [attribute, value] : attributes) values[attribute] = {value, value};
  GivenAttributes given("method", values);
  const Method method = read_method(name, given);
  return {method, given.objections()};
}
}  // namespace

TEST_CASE("every method of the table makes sense as it is") {
  std::set<std::string> names;
  for (const MethodEntry& entry : method_table()) {
    const Outcome outcome = make(entry.name, {});
    INFO(entry.name);
    REQUIRE(outcome.mistakes.empty());
    CHECK(outcome.method.name == entry.name);
    names.insert(entry.name);
  }
  CHECK(names.size() == method_table().size());
}

TEST_CASE("an ablation is one changed attribute") {
  CHECK(make("msfusion", {{"contrastive", "off"}}).method.objective.kind == ObjectiveKind::cross_entropy);
  CHECK(make("msfusion", {{"split-rule", "fixed"}}).method.split.rule == SplitRule::fixed);
  CHECK(make("fedrolex", {{"direction", "up"}}).method.split.direction == SplitChoice::Direction::up);
  const Method levels = make("heterofl", {{"split", "1 0.5 0.25"}, {"levels", "dynamic"}}).method;
  CHECK(levels.split.rate.levels == std::vector<double>{1, 0.5, 0.25});
  CHECK(levels.split.rate.dynamic);
}

TEST_CASE("an attribute that a method has no use for is refused with what it needs") {
  struct Row {
    const char *method, *attribute, *value, *says;
  };
  for (const Row& row :
       std::vector<Row>{{"fedavg", "zeta", "1", "it needs split-rule=\"double-shift\""},
                        {"fedavg", "split", "0.5", "it needs a split rule other than full"},
                        {"msfusion", "cohort", "3", "it needs a server that draws its participants"},
                        {"fedprox", "tau", "0.5", "it needs a contrastive objective"},
                        {"msfusion", "degree", "3", "it needs graph=\"regular\" or \"small-world\""},
                        {"msfusion", "split", "0", "a number above 0 and up to 1, several such numbers"},
                        {"msfusion", "split", "1.5", "a number above 0 and up to 1, several such numbers"},
                        {"msfusion", "split", "nan", "a number above 0 and up to 1, several such numbers"},
                        {"msfusion", "overlap-control", "0", "a number above 0 and up to 1"},
                        {"heterofl", "merge", "mean", "merge=\"overlap-mean\""},
                        {"fedavg", "merge", "gossip", "one of mean, overlap-mean"},
                        {"fedavg", "merge", "variates", "objective=\"control-variates\""},
                        {"moon", "split-rule", "fixed", "merge=\"overlap-mean\""},
                        {"fedavg", "objective", "magic", "one of cross-entropy"}}) {
    const Outcome outcome = make(row.method, {{row.attribute, row.value}});
    INFO(row.method << " " << row.attribute << "=" << row.value);
    REQUIRE(outcome.mistakes.size() == 1);
    const Objection& said = outcome.mistakes.front();
    CHECK_THAT(said.found + "; " + said.allowed, ContainsSubstring(row.says));
  }
}

TEST_CASE("the choices of a method read as they are written in scenarios") {
  CHECK(choices_text(make("msfusion", {}).method) == "double-shift | contrastive | peers | overlap-mean");
}
