#include <cmath>
#include <set>

#include "sim/method/planner.hpp"
#include "tests/method/bench.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("an asynchronous device gets its next task when its last one has landed") {
  Bench bench(method_named("fedasync"), 2);
  Planner planner(bench.setup());
  const RoundPlan first = planner.plan(0);
  REQUIRE(first.tasks.size() == 2);
  TimedRound timed = everything_done(first);
  for (std::size_t s = 3; s < 6; ++s) timed.steps[s] = {0, NAN, Fate::in_flight};
  planner.observe(first, timed, std::nullopt);
  const RoundPlan second = planner.plan(1);
  REQUIRE(second.tasks.size() == 1);
  CHECK(second.tasks[0].device == 0);
  TimedRound next = everything_done(second);
  for (TimedStep& step : next.steps) step = {0, NAN, Fate::in_flight};
  for (StepId step : {3, 4, 5}) next.carried.push_back({0, step, {0, 1, Fate::done}});
  planner.observe(second, next, std::nullopt);
  const RoundPlan third = planner.plan(2);
  REQUIRE(third.tasks.size() == 1);
  CHECK(third.tasks[0].device == 1);
}

TEST_CASE("at an arrival before the merge those who have nothing to do start again, from the model of the round") {
  Bench bench(method_named("fedbuff"), 4);
  Planner planner(bench.setup());
  RoundPlan plan = planner.plan(0);
  REQUIRE(plan.tasks.size() == 4);
  const auto there = [](NodeId) { return true; };
  std::set<NodeId> busy = {0, 2, 3};
  const auto is_busy = [&](NodeId device) { return busy.count(device) > 0; };
  planner.restart(plan, {0, 5}, there, is_busy);  // device 1's upload
  REQUIRE(plan.tasks.size() == 5);
  CHECK(plan.tasks[4].device == 1);
  CHECK(plan.tasks[4].id == plan.tasks[3].id + 1);
  CHECK(plan.tasks[4].repeat == 1);
  REQUIRE(plan.steps.size() == 15);
  CHECK(plan.steps[12].after == std::vector<StepId>{5});
  CHECK(plan.steps[13].after == std::vector<StepId>{12});
  CHECK(plan.steps[14].after == std::vector<StepId>{13});
  busy = {0, 1, 2, 3};
  planner.restart(plan, {0, 5}, there, is_busy);
  CHECK(plan.tasks.size() == 5);
  busy = {0, 1, 2};
  planner.restart(
      plan, {0, 11}, [](NodeId node) { return node != 3; }, is_busy);
  CHECK(plan.tasks.size() == 5);  // the one that has delivered has left
  // The arrival of a training of an earlier round is no step of this plan.
  TimedRound timed = everything_done(plan);
  planner.observe(plan, timed, std::nullopt);
  RoundPlan next = planner.plan(1);
  planner.restart(next, {0, 14}, there, is_busy);
  REQUIRE(next.tasks.size() == 5);
  CHECK(next.steps[12].after.empty());
}

TEST_CASE("concurrency holds for devices that start again, too, and who may is drawn anew each time") {
  Bench bench(method_named("fedbuff"), 6);
  bench.method.exchange.concurrency = 3;
  Planner planner(bench.setup());
  RoundPlan plan = planner.plan(0);
  REQUIRE(plan.tasks.size() == 3);
  std::set<NodeId> busy, started;
  for (const TrainTask& task : plan.tasks) busy.insert(task.device);
  for (int arrival = 0; arrival < 30; ++arrival) {
    busy.erase(busy.begin());
    planner.restart(
        plan, {0, 0}, [](NodeId) { return true; }, [&](NodeId device) { return busy.count(device) > 0; });
    REQUIRE(plan.tasks.size() == static_cast<std::size_t>(4 + arrival));
    busy.insert(plan.tasks.back().device);
    started.insert(plan.tasks.back().device);
    REQUIRE(busy.size() == 3);
  }
  CHECK(started.size() > 3);
}

namespace {

// Two devices with a step each.
RoundPlan two_trainings(int round, TaskId first_task) {
  RoundPlan plan;
  plan.round = round;
  for (NodeId device : {0, 1}) {
    TrainTask task;
    task.id = first_task + device;
    task.device = device;
    plan.tasks.push_back(task);
    plan.steps.push_back({Compute{device, 1}, task.id, {}});
    plan.steps.push_back({Transfer{device, 2, 1, Cargo::trained}, task.id, {2 * device}});
  }
  return plan;
}

}  // namespace

TEST_CASE("a device is busy until the last step of its training has ended, however it ended") {
  const RoundPlan first = two_trainings(0, 0);
  TimedRound timed = everything_done(first);
  timed.steps[2] = timed.steps[3] = {0, NAN, Fate::in_flight};
  Flights flights(3);
  CHECK(flights.empty());
  flights.observe(first, timed);
  CHECK(!flights.is_busy(0));
  CHECK(flights.is_busy(1));
  CHECK(flights.plan_of(0).tasks.size() == 2);
  CHECK(flights.tasks() == std::set<TaskId>{0, 1});

  RoundPlan second;
  second.round = 1;
  TimedRound next;
  next.carried = {{0, 2, {0, 1, Fate::done}}};
  flights.observe(second, next);
  CHECK(flights.is_busy(1));
  second.round = 2;
  next.carried = {{0, 3, {1, 2, Fate::failed}}};
  flights.observe(second, next);
  CHECK(flights.empty());
  CHECK(!flights.is_busy(1));
  CHECK(flights.tasks().empty());
  CHECK_THROWS(flights.plan_of(0));
}

TEST_CASE("as many steps land as took off, whatever the order in which rounds overlap") {
  Flights flights(3);
  for (int round = 0; round < 3; ++round) {
    const RoundPlan plan = two_trainings(round, 2 * round);
    TimedRound timed = everything_done(plan);
    timed.steps[3] = {0, NAN, Fate::in_flight};
    flights.observe(plan, timed);
  }
  CHECK(flights.tasks().size() == 6);
  RoundPlan empty;
  empty.round = 3;
  TimedRound timed;
  for (int round : {2, 0, 1}) timed.carried.push_back({round, 3, {0, 1, Fate::done}});
  flights.observe(empty, timed);
  CHECK(flights.empty());
  CHECK(!flights.is_busy(1));
}
