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
