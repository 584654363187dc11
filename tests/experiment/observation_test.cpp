#include "sim/experiment/observation.hpp"

#include <cmath>

#include "sim/method/registry.hpp"
#include "sim/record/encoding.hpp"
#include "sim/shape/models.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

// Two phones and a server, one FedAvg round of 1800 s in which each node did what its row says.
struct Bench {
  Shape shape = build_shape(MlpOptions{{4}}, {InputKind::image, 1, 2, 2, 2});
  Fleet fleet;
  Method method = find_method("fedavg")->choices;
  TrainingOptions training;
  ConstraintOptions constraints;
  PriceOptions prices;
  TimedRound timed;

  Bench() {
    for (const char* name : {"phone-0", "phone-1"}) {
      Device device;
      device.name = name;
      device.speed_flops = 1e9;
      device.memory_bytes = 1e9;
      fleet.devices.push_back(device);
    }
    fleet.server = Device{};
    fleet.server->name = "server";
    fleet.server->speed_flops = 1e12;
    training.rounds = 1;
    timed.end_seconds = 1800;
    timed.nodes = {{0, 100, 1e9, 2e9, 3.6e5}, {1, 200, 3e9, 2e9, 7.2e5}, {2, 0, 4e9, 4e9, 1.8e6}};
  }

  RoundResult observe(int round = 0) {
    Planner planner({shape, fleet, method, training, constraints, {10, 10}, 8, 1, "s.xml"});
    const RoundPlan plan = planner.plan(round);
    timed.steps.assign(plan.steps.size(), {0, 1800, Fate::done});
    return observe_round({0, shape, fleet, prices}, plan, timed, {}, planner);
  }
};

}  // namespace

TEST_CASE("money is the price list by hand: hours owned, gigabytes sent, kilowatt-hours used") {
  Bench bench;
  bench.fleet.server->price_usd_per_hour = 0.4;
  bench.fleet.server->price_usd_per_gb = 0.09;
  bench.prices.usd_per_gb = 0.5;
  bench.prices.usd_per_kwh = 0.3;
  const RoundResult result = bench.observe();
  const double phone_0 = 1 * 0.5 + 0.1 * 0.3, phone_1 = 3 * 0.5 + 0.2 * 0.3;
  const double server = 0.5 * 0.4 + 4 * 0.09 + 0.5 * 0.3;  // its own price of traffic goes before the scenario's
  CHECK(*result.devices[0].usd == Approx(phone_0));
  CHECK(*result.devices[1].usd == Approx(phone_1));
  CHECK(*result.round.usd == Approx(phone_0 + phone_1 + server));
}

TEST_CASE("carbon is that of each device's region, or else of the scenario") {
  Bench bench;
  bench.fleet.devices[0].grams_co2_per_kwh = 50;
  bench.prices.grams_co2_per_kwh = 400;
  const RoundResult result = bench.observe();
  CHECK(*result.devices[0].grams_co2 == Approx(0.1 * 50));
  CHECK(*result.devices[1].grams_co2 == Approx(0.2 * 400));
  CHECK(*result.round.grams_co2 == Approx(0.1 * 50 + 0.2 * 400 + 0.5 * 400));
}

TEST_CASE("what nobody stated is absent, not zero") {
  Bench bench;
  CHECK_FALSE(bench.observe().round.usd.has_value());
  CHECK_FALSE(bench.observe().round.grams_co2.has_value());
  bench.prices.usd_per_kwh = 0.3;
  bench.prices.grams_co2_per_kwh = 400;
  bench.timed.nodes[1].joules = NAN;
  const RoundResult result = bench.observe();
  CHECK_FALSE(result.round.joules.has_value());
  CHECK_FALSE(result.round.grams_co2.has_value());
  CHECK_FALSE(result.devices[1].usd.has_value());
  CHECK_FALSE(result.round.usd.has_value());
}

TEST_CASE("the links' electricity is paid for as well as counted") {
  Bench bench;
  bench.prices.usd_per_kwh = 0.3;
  bench.prices.grams_co2_per_kwh = 400;
  bench.timed.links = {{"line", 1e9, 3.6e6}, {"air", 1e9, NAN}};
  const RoundResult result = bench.observe();
  const double kwh = 0.1 + 0.2 + 0.5 + 1;  // the link that states no power is on no bill
  CHECK(*result.round.joules == Approx(kwh * 3.6e6));
  CHECK(*result.round.grams_co2 == Approx(kwh * 400));
  CHECK(*result.round.usd == Approx(kwh * 0.3));
}

TEST_CASE("who has no part in a method costs it nothing: an idle server, an excluded device") {
  Bench bench;
  bench.prices.usd_per_kwh = 0.3;
  bench.prices.grams_co2_per_kwh = 400;
  bench.fleet.server->price_usd_per_hour = bench.fleet.devices[0].price_usd_per_hour = 0.4;
  SECTION("without a server only the phones count, also where the server's power is unknown") {
    bench.method = find_method("local")->choices;
    bench.timed.nodes[2].joules = NAN;
    const RoundResult result = bench.observe();
    CHECK(*result.round.joules == Approx(3.6e5 + 7.2e5));
    CHECK(*result.round.usd == Approx(0.5 * 0.4 + 0.3 * 0.3));
    CHECK(*result.round.grams_co2 == Approx(0.3 * 400));
  }
  SECTION("who lacks the memory is not there") {
    bench.constraints.memory = ConstraintOptions::Memory::exclude;
    bench.fleet.devices[0].memory_bytes = 1;
    const RoundResult result = bench.observe();
    CHECK(*result.round.joules == Approx(7.2e5 + 1.8e6));
    CHECK(*result.round.usd == Approx(0.7 * 0.3 + 0.5 * 0.4));
  }
  SECTION("who is not drawn is there all the same") {
    bench.method.exchange.cohort = 1;
    CHECK(*bench.observe().round.joules == Approx(3.6e5 + 7.2e5 + 1.8e6));
  }
  SECTION("where the server trains on everybody's data, it is charged, and the phones when they send theirs") {
    bench.method = find_method("centralised")->choices;
    CHECK(*bench.observe(0).round.joules == Approx(3.6e5 + 7.2e5 + 1.8e6));
    CHECK(*bench.observe(1).round.joules == Approx(1.8e6));
  }
}

TEST_CASE("only what arrived is delivered to a merge: not a failed device's work, nor late or lost messages") {
  Bench bench;
  Planner planner({bench.shape, bench.fleet, bench.method, bench.training, bench.constraints, {10, 10}, 8, 1, "s.xml"});
  const RoundPlan plan = planner.plan(0);
  for (const Fate fate : {Fate::failed, Fate::late, Fate::skipped, Fate::in_flight}) {
    bench.timed.steps.assign(plan.steps.size(), {0, 1, Fate::done});
    bench.timed.steps[2].fate = fate;  // phone-0's upload
    const auto arrived = deliveries(plan, bench.timed, [&](int) -> const RoundPlan& { return plan; });
    REQUIRE(arrived.size() == 1);
    CHECK(arrived[0].task == plan.tasks[1].id);
  }
}

TEST_CASE("what a node did adds up to the round, and idle is what is left") {
  Bench bench;
  bench.timed.start_seconds = 100;
  bench.timed.end_seconds = 200;
  ActivitySpan receives{100, 110}, computes{110, 150}, both{150, 155}, sends{155, 160};
  receives.receives = both.receives = computes.sends = computes.computes = true;
  both.sends = sends.sends = true;
  bench.timed.nodes[0].spans = {receives, computes, both, sends};
  bench.timed.nodes[0].off_seconds = 10;
  const RoundResult result = bench.observe();
  REQUIRE(result.activities.size() == 1);
  const ActivityRecord& row = result.activities[0];
  CHECK(row.receive_seconds == 10);
  CHECK(row.compute_seconds == 40);  // whatever it sent meanwhile
  CHECK(row.both_seconds == 5);
  CHECK(row.send_seconds == 5);
  CHECK(row.off_seconds == 10);
  CHECK(row.idle_seconds == 30);
  CHECK(text_of(row.spans) == "r:0:10 cs:10:50 sr:50:55 s:55:60");
  CHECK(result.devices[0].idle_seconds == 30);
}

TEST_CASE("a battery's level is its capacity less what was drawn, and devices without one have no row") {
  Bench bench;
  bench.fleet.devices[0].battery_joules = 1e6;
  bench.fleet.devices[0].has_power = true;
  Planner planner({bench.shape, bench.fleet, bench.method, bench.training, bench.constraints, {10, 10}, 8, 1, "s.xml"});
  for (const double left : {1e6 - 3.6e5, 1e6 - 7.2e5, 0.0}) {
    const RoundPlan plan = planner.plan(0);
    bench.timed.steps.assign(plan.steps.size(), {0, 1800, Fate::done});
    planner.observe(plan, bench.timed, std::nullopt);
    const auto result = observe_round({0, bench.shape, bench.fleet, bench.prices}, plan, bench.timed, {}, planner);
    REQUIRE(result.batteries.size() == 1);
    CHECK(result.batteries[0].joules_left == Approx(left));
  }
}
