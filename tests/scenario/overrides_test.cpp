#include "sim/base/xml.hpp"
#include "tests/scenario/scenario_file.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
using test::Parts;

namespace {

Parts two_of_a_kind() {
  Parts parts;
  parts.methods = R"(<methods><method name="msfusion" split="0.25"/><method name="msfusion" label="v1.0 [b]"/>
    <method name="fedavg" label="base"/></methods>)";
  return parts;
}

std::string set_and_fail(const std::string& path, const std::string& value) {
  return test::mistakes(two_of_a_kind(), {{path, value}});
}

}  // namespace

TEST_CASE("--set changes attributes that are there and makes those that are not") {
  const Scenario scenario = test::read(two_of_a_kind(), {{"training.rounds", "7"},
                                                         {"training.batch", "8"},
                                                         {"scenario.name", "other"},
                                                         {"description", "a <b> & \"c\""},
                                                         {"evaluation.every", "2"},
                                                         {"target.accuracy", "0.5 0.6"}});
  CHECK(scenario.training.rounds == 7);
  CHECK(scenario.training.batch == 8);
  CHECK(scenario.name == "other");
  CHECK(scenario.description == "a <b> & \"c\"");
  CHECK(scenario.evaluation.every == 2);
  CHECK(scenario.targets == std::vector<double>{0.5, 0.6});
}

TEST_CASE("--set without a value takes an attribute away, if there is one") {
  Parts parts = two_of_a_kind();
  const int usual = test::read(parts, {}).training.batch;
  CHECK(test::read(parts, {{"training.batch", "77"}, {"training.batch", ""}}).training.batch == usual);
  CHECK(test::read(parts, {{"methods.method[msfusion].split", ""}}).methods[0].split.rate.kind ==
        test::read(parts, {}).methods[1].split.rate.kind);
  CHECK(set_and_fail("prices.energy", "") ==
        "--set prices.energy=: <prices> has no energy that could be taken away; a value\n");
  CHECK_FALSE(set_and_fail("platform.file", "").empty());
}

TEST_CASE("--set picks a method by label, then by name") {
  const Scenario scenario = test::read(two_of_a_kind(), {{"methods.method[msfusion].split", "0.5"},
                                                         {"methods.method[v1.0 [b]].split", "0.75"},
                                                         {"methods.method[fedavg].cohort", "2"}});
  CHECK(scenario.methods[0].split.rate.levels == std::vector<double>{0.5});
  CHECK(scenario.methods[1].split.rate.levels == std::vector<double>{0.75});
  CHECK(scenario.methods[2].exchange.cohort == 2);
}

TEST_CASE("the recorded text holds the changes and reads as the same scenario") {
  const Scenario scenario = test::read(two_of_a_kind(), {{"training.rounds", "7"}});
  const test::ScenarioFile again(scenario.text);
  CHECK(read_scenario(again.path(), {}).training.rounds == 7);
}

TEST_CASE("a --set that leads nowhere says what is there") {
  const auto [path, value, expected] = GENERATE(table<std::string, std::string, std::string>({
      {"trainig.rounds", "3",
       "<scenario> has no element 'trainig'; allowed: one of platform, data, model, training, evaluation, constraints, "
       "privacy, "
       "prices, "
       "methods, seeds, sweep, target, notes; did you mean 'training'?"},
      {"training.round", "3",
       "<training> has no attribute 'round'; allowed: one of rounds, until, local-epochs, local-steps, batch, "
       "optimiser, "
       "learning-rate, "
       "momentum, nesterov, weight-decay, beta1, beta2, epsilon, clip-norm, schedule, milestones, decay, "
       "warmup-rounds, initial, fresh, train, lora, lora-layers, lora-cut, device; did you "
       "mean 'rounds'?"},
      {"training.x.rounds", "3", "<training> has no element 'x'; no elements are allowed in it"},
      {"methods.method.split", "1",
       "there are 3 elements <method>; pick one by its label: method[msfusion], method[v1.0 [b]], method[base]"},
      {"methods.method[x].split", "1",
       "there is no method[x]; there are: method[msfusion], method[v1.0 [b]], method[base]"},
      {"methods.method[x.split", "1", "a '[' without ']'; e.g. methods.method[msfusion].split"},
      {"methods.rounds", "1", "<methods> has no attribute 'rounds'; it has none"},
      {"training.rounds", "\x01", "the value holds characters that XML cannot; text in UTF-8 is needed"},
      {"training.rounds", "0", "rounds=\"0\" in <training>; allowed: a whole number from 1 to 1000000000"},
      {"training.momentum", "1", "momentum=\"1\" in <training>; allowed: a number from 0 to less than 1"},
      {"training.nesterov", "on", "nesterov=\"on\" in <training> without momentum; needed: momentum above 0"},
  }));
  CHECK(set_and_fail(path, value) == "--set " + path + "=" + value + ": " + expected + "\n");
}

TEST_CASE("a --set path may be anything") {
  const std::string path = GENERATE(as<std::string>(), "", ".", "..", "rounds", "[", "]", "training.", ".rounds",
                                    "training..rounds", "methods.method[].split", "training.rounds[x]", "scenario");
  CHECK_FALSE(set_and_fail(path, "1").empty());
}
