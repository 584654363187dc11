#include "sim/method/selection.hpp"

#include <set>

#include "sim/method/flights.hpp"
#include "sim/method/planner.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("a cohort is drawn anew every round and is the same for the same seed") {
  Bench bench(method_named("fedavg"), 10);
  bench.method.exchange.cohort = 3;
  Planner one(bench.setup()), two(bench.setup());
  std::set<std::vector<NodeId>> cohorts;
  for (int round = 0; round < 5; ++round) {
    std::vector<NodeId> a, b;
    for (const TrainTask& task : one.plan(round).tasks) a.push_back(task.device);
    for (const TrainTask& task : two.plan(round).tasks) b.push_back(task.device);
    CHECK(a.size() == 3);
    CHECK(a == b);
    cohorts.insert(a);
  }
  CHECK(cohorts.size() > 1);
}

TEST_CASE("those who are away take no part, and the windows of those present cover the model among themselves") {
  Bench bench(msfusion_at(0.5), 4);
  bench.method.split.overlap = SplitChoice::Overlap::constant;
  Planner planner(bench.setup());
  const RoundPlan plan = planner.plan(0, [](NodeId device) { return device >= 2; });
  REQUIRE(plan.tasks.size() == 2);
  CHECK(plan.tasks[0].device == 2);
  for (const Step& step : plan.steps)
    if (const auto* transfer = std::get_if<Transfer>(&step.what)) CHECK((transfer->from >= 2 && transfer->to >= 2));
  for (std::size_t axis = 0; axis < bench.shape.axes.size(); ++axis) {
    std::set<int> covered;
    for (const TrainTask& task : plan.tasks)
      for (int unit : task.slice.axes[axis].units()) covered.insert(unit);
    CHECK(static_cast<int>(covered.size()) == bench.shape.axes[axis].units);
  }
  CHECK(planner.plan(1).tasks.size() == 4);
}

TEST_CASE("without its server a server method has an empty round, and peers do not care") {
  const auto server_is_away = [](NodeId node) { return node < 4; };
  const Bench fedavg(method_named("fedavg")), peers(msfusion_at(0.5));
  Planner one(fedavg.setup()), two(peers.setup());
  CHECK(one.plan(0, server_is_away).tasks.empty());
  CHECK(two.plan(0, server_is_away).tasks.size() == 4);
}

TEST_CASE("concurrency limits the devices at work, those of earlier rounds included") {
  Bench bench(method_named("fedbuff"), 6);
  bench.method.exchange.concurrency = 4;
  const PlannerSetup setup = bench.setup();
  TaskCosts costs(setup);
  const Rates rates(setup, costs);
  const Admission admission(setup, costs, rates);
  Flights flights(7);
  const auto is_busy = [&](NodeId device) { return flights.is_busy(device); };
  CHECK(select_participants(setup, admission, is_busy, 0, 0, {}).size() == 4);

  RoundPlan plan;
  for (NodeId device : {1, 4, 5}) {
    TrainTask task;
    task.id = static_cast<TaskId>(plan.tasks.size());
    task.device = device;
    plan.steps.push_back({Compute{device, 1}, task.id, {}});
    plan.tasks.push_back(std::move(task));
  }
  TimedRound timed = everything_done(plan);
  for (TimedStep& step : timed.steps) step.fate = Fate::in_flight;
  flights.observe(plan, timed);
  const std::vector<NodeId> next = select_participants(setup, admission, is_busy, 1, 0, {});
  REQUIRE(next.size() == 1);
  CHECK(std::set<NodeId>{0, 2, 3}.count(next.front()) == 1);
}

TEST_CASE("numbers of devices that the fleet does not have are refused") {
  const auto message = [](const Bench& bench) -> std::string {
    try {
      Planner planner(bench.setup());
    } catch (const UserError& error) {
      return error.what();
    }
    return "";
  };
  Bench cohort(method_named("fedavg"), 4), asynchronous(method_named("fedbuff"), 4);
  cohort.method.exchange.cohort = 4;
  CHECK(message(cohort).empty());
  cohort.method.exchange.cohort = 5;
  CHECK_THAT(message(cohort), ContainsSubstring("cohort=\"5\", but the platform has 4 devices; at most 4"));
  asynchronous.method.exchange.buffer = 4;
  asynchronous.method.exchange.concurrency = 4;
  CHECK(message(asynchronous).empty());
  asynchronous.method.exchange.buffer = 5;
  CHECK_THAT(message(asynchronous),
             ContainsSubstring("buffer=\"5\", but only 4 trainings can be under way at a time; at most 4"));
  asynchronous.method.exchange.concurrency = 5;
  CHECK_THAT(message(asynchronous), ContainsSubstring("concurrency=\"5\", but the platform has 4 devices"));
  asynchronous.method.exchange.concurrency = 2;
  asynchronous.method.exchange.buffer = 3;
  CHECK_THAT(message(asynchronous), ContainsSubstring("only 2 trainings can be under way"));
}

TEST_CASE("every device is drawn in the long run, and no cohort names one twice") {
  Bench bench(method_named("fedavg"), 5);
  bench.method.exchange.cohort = 2;
  const PlannerSetup setup = bench.setup();
  TaskCosts costs(setup);
  const Rates rates(setup, costs);
  const Admission admission(setup, costs, rates);
  std::set<NodeId> seen;
  for (int round = 0; round < 30; ++round) {
    const std::vector<NodeId> cohort =
        select_participants(setup, admission, [](NodeId) { return false; }, round, 0, {});
    REQUIRE(cohort.size() == 2);
    CHECK(cohort[0] < cohort[1]);
    seen.insert(cohort.begin(), cohort.end());
  }
  CHECK(seen.size() == 5);
}
