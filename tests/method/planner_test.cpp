#include "sim/method/planner.hpp"

#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("FedNova and SCAFFOLD with an optimiser that adapts its steps are refused") {
  Bench bench(method_named(GENERATE("fednova", "scaffold")), 3);
  CHECK_NOTHROW(Planner(bench.setup()));
  bench.training.momentum = 0.9;
  CHECK_NOTHROW(Planner(bench.setup()));
  bench.training.optimiser = TrainingOptions::Optimiser::adam;
  CHECK_THROWS_WITH(Planner(bench.setup()), ContainsSubstring("known for SGD alone"));
}

TEST_CASE("the next round's slices are the ones that were announced, whatever the overlap schedule") {
  for (auto overlap : {SplitChoice::Overlap::constant, SplitChoice::Overlap::linear, SplitChoice::Overlap::adaptive}) {
    Bench bench(msfusion_at(0.25));
    bench.method.split.overlap = overlap;
    bench.method.split.control = 0.3;
    bench.training.rounds = 12;
    Planner planner(bench.setup());
    RoundPlan before = planner.plan(0);
    for (int round = 1; round < 12; ++round) {
      planner.observe(before, everything_done(before), 1.0);  // a loss that never improves
      const RoundPlan plan = planner.plan(round);
      for (std::size_t n = 0; n < plan.tasks.size(); ++n) REQUIRE(plan.tasks[n].slice == before.next_slices[n]);
      before = plan;
    }
    if (overlap != SplitChoice::Overlap::constant) CHECK(*planner.overlap_control() > 0.3);
  }
}

TEST_CASE("a task whose computing failed was not trained, and covers nothing") {
  const Bench bench(msfusion_at(0.5), 2);
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0);
  TimedRound timed = everything_done(plan);
  for (std::size_t s = 0; s < plan.steps.size(); ++s)
    if (std::holds_alternative<Compute>(plan.steps[s].what)) timed.steps[s].fate = Fate::failed;
  CHECK(trained_tasks(plan, timed).empty());
  planner.observe(plan, timed, std::nullopt);
  CHECK(planner.coverage().share_trained_ever() == 0);
}

TEST_CASE("every method of the table plans rounds whose steps go on from earlier ones") {
  for (const MethodEntry& entry : method_table()) {
    INFO(entry.name);
    const Bench bench(entry.choices);
    Planner planner(bench.setup());
    for (int round = 0; round < 2; ++round) {
      const RoundPlan plan = planner.plan(round);
      REQUIRE(!plan.tasks.empty());
      double flops = 0;
      for (std::size_t s = 0; s < plan.steps.size(); ++s) {
        for (StepId earlier : plan.steps[s].after) CHECK(static_cast<std::size_t>(earlier) < s);
        if (const auto* compute = std::get_if<Compute>(&plan.steps[s].what)) flops += compute->flops;
      }
      CHECK(flops > 0);
      planner.observe(plan, everything_done(plan), 1.0);
    }
  }
}
