#include "sim/base/error.hpp"
#include "sim/method/planner.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("a device without enough memory fails the scenario, is excluded, or is ignored with a warning") {
  Bench bench(method_named("fedavg"));
  bench.fleet.devices[1].memory_bytes = 1000;
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("phone-1 needs") && ContainsSubstring("has 1 kB"));
  bench.constraints.memory = ConstraintOptions::Memory::exclude;
  Planner excluding(bench.setup());
  CHECK(excluding.admission().members() == std::vector<NodeId>{0, 2, 3});
  CHECK(excluding.admission().warnings().size() == 1);
  bench.constraints.memory = ConstraintOptions::Memory::ignore;
  Planner ignoring(bench.setup());
  CHECK(ignoring.admission().members().size() == 4);
  CHECK(ignoring.admission().warnings().size() == 1);
}

TEST_CASE("devices without enough memory are one mistake, with advice that has an effect on the method") {
  for (const auto& [method, advice, other] : {std::tuple{"fedavg", "a smaller model or batch", "split"},
                                              std::tuple{"heterofl", "a smaller split or batch", "a smaller model"}}) {
    Method choices = method_named(method);
    choices.split.rate.kind = RateChoice::Kind::given;
    choices.split.rate.levels = {1};
    Bench bench(choices);
    for (Device& device : bench.fleet.devices) device.memory_bytes = 1000;
    try {
      const Planner planner(bench.setup());
      FAIL("accepted");
    } catch (const UserError& error) {
      REQUIRE(error.mistakes().size() == 1);
      CHECK_THAT(error.mistakes()[0].found, ContainsSubstring("phone-0 needs") &&
                                                ContainsSubstring("and 3 more of 4 devices have too little memory"));
      CHECK(error.mistakes()[0].allowed.rfind(advice, 0) == 0);
      CHECK(error.mistakes()[0].allowed.find(other) == std::string::npos);
    }
  }
}

TEST_CASE("a device leaves in the round after its battery is used up, and that is told once") {
  Bench bench(method_named("fedavg"), 2);
  for (Device& device : bench.fleet.devices) device.has_power = true;
  bench.fleet.devices[0].battery_joules = 10;
  Planner planner(bench.setup());
  std::vector<std::size_t> sizes, news;
  for (int round = 0; round < 4; ++round) {
    const RoundPlan plan = planner.plan(round);
    sizes.push_back(plan.tasks.size());
    TimedRound timed = everything_done(plan);
    for (NodeId node = 0; node < 3; ++node) timed.nodes.push_back({node, 1, 0, 0, 5});
    planner.observe(plan, timed, std::nullopt);
    news.push_back(planner.admission().news().size());
  }
  CHECK(sizes == std::vector<std::size_t>{2, 2, 1, 1});
  CHECK(news == std::vector<std::size_t>{0, 1, 0, 0});
}

TEST_CASE("a battery that nothing is known to empty is refused") {
  Bench bench(method_named("fedavg"), 2);
  bench.fleet.devices[1].battery_joules = 10;
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("phone-1") && ContainsSubstring("wattage_per_state"));
}
