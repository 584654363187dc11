#include <map>

#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using msfusion::Closing;
using msfusion::in_child;
using msfusion::on_platform;
using msfusion::PlanBuilder;
using msfusion::star_round;
using msfusion::Timing;
using msfusion::TimingOptions;
using msfusion::to_json;
using nlohmann::json;

namespace {

constexpr msfusion::NodeId kServer = 4;
const std::vector<msfusion::NodeId> kEverybody = {0, 1, 2, 3};

Approx seconds(double value) {
  return Approx(value).epsilon(0).margin(1e-8);
}

Closing closing(Closing::Kind kind, double value, bool keep_in_flight = false) {
  Closing result;
  result.kind = kind;
  result.deadline_seconds = value;
  result.fraction = value;
  result.arrivals = static_cast<int>(value);
  result.keep_in_flight = keep_in_flight;
  return result;
}

json run(const std::vector<msfusion::RoundPlan>& plans, const TimingOptions& options = on_platform("star.xml")) {
  return in_child([&] {
    Timing timing(options);
    json rounds;
    for (const auto& plan : plans) rounds.push_back(to_json(timing.execute(plan)));
    return rounds;
  });
}

int count(const json& round, const std::string& fate) {
  int result = 0;
  for (const json& step : round["steps"]) result += step[2] == fate;
  return result;
}

}  // namespace

TEST_CASE("a deadline round is over at its deadline and cancels what is late") {
  // Devices 0, 1 and 3 need 3.02 s, device 2 needs 1.54 s.
  const json round = run({star_round(kEverybody, kServer, 1e6, 1e9, 0, closing(Closing::Kind::deadline, 2.5))})[0];
  CHECK(round["end"] == seconds(2.5));
  CHECK(count(round, "done") == 3 + 3 * 2);
  CHECK(count(round, "late") == 3);
  CHECK(round["steps"][2][2] == "late");
  CHECK(round["steps"][2][1] == seconds(2.5));
  // The late upload got going at 2.01 + 0.01 s: 0.48 MB left the device, none arrived.
  CHECK(round["nodes"][0][1].get<double>() == Approx(0.48e6));
  CHECK(round["nodes"][kServer][2] == 1e6);

  const json early = run({star_round(kEverybody, kServer, 1e6, 1e9, 0, closing(Closing::Kind::deadline, 1.5))})[0];
  CHECK(count(early, "late") == 4);  // three trainings and the fast device's upload
  CHECK(count(early, "skipped") == 3);
  CHECK(early["steps"][2][0].is_number());
  CHECK(std::isnan(early["steps"][2][0].get<double>()));
}

TEST_CASE("a deadline round ends early when nothing is left to do, and keeps what ends in its last instant") {
  const json early = run({star_round({2}, kServer, 1e6, 1e9, 0, closing(Closing::Kind::deadline, 9))})[0];
  CHECK(early["end"] == seconds(1.540));
  PlanBuilder exact(0, closing(Closing::Kind::deadline, 2));
  const auto last = exact.compute(0, 2e9);
  exact.compute(1, 2.5e9);
  exact.compute(0, 1e9, {last});
  const json round = run({exact.plan})[0];
  CHECK(round["steps"][0][2] == "done");
  CHECK(round["steps"][1][2] == "late");
  CHECK(round["steps"][2][2] == "skipped");
}

TEST_CASE("cancelled steps leave nothing behind for the next round") {
  const json rounds = run({star_round(kEverybody, kServer, 1e6, 1e9, 0, closing(Closing::Kind::deadline, 0.5)),
                           star_round({0}, kServer, 1e6, 1e9, 1), star_round({0}, kServer, 1e6, 1e9, 2)});
  CHECK(rounds[1]["start"] == seconds(0.5));
  CHECK(rounds[1]["end"] == seconds(0.5 + 3.020));
  CHECK(rounds[2]["end"] == seconds(0.5 + 6.040));
  CHECK(rounds[1]["carried"].empty());
  CHECK(rounds[1]["nodes"][1][1] == 0);
}

TEST_CASE("an empty plan with a deadline waits for it") {
  const json rounds =
      run({PlanBuilder(0, closing(Closing::Kind::deadline, 7)).plan, star_round({0}, kServer, 1e6, 1e9, 1)});
  CHECK(rounds[0]["end"] == seconds(7));
  CHECK(rounds[0]["nodes"][0][3].get<double>() == Approx(7));  // idle at 1 W
  CHECK(rounds[1]["end"] == seconds(10.020));
}

TEST_CASE("a quorum round closes when enough tasks are done") {
  const json half = run({star_round(kEverybody, kServer, 1e6, 1e9, 0, closing(Closing::Kind::quorum, 0.25))})[0];
  CHECK(half["end"] == seconds(1.540));  // the fastest of four
  CHECK(count(half, "late") == 3);
}

TEST_CASE("a round that has enough closes, at its deadline at the latest, and charges what was sent by then") {
  Closing enough;
  enough.enough = 1;
  const json first = run({star_round(kEverybody, kServer, 1e6, 1e9, 0, enough)})[0];
  CHECK(first["end"] == seconds(1.540));  // the fastest of four
  CHECK(count(first, "late") == 3);
  enough.enough = 4;
  CHECK(run({star_round(kEverybody, kServer, 1e6, 1e9, 0, enough)}).dump() ==
        run({star_round(kEverybody, kServer, 1e6, 1e9)}).dump());
  Closing early = closing(Closing::Kind::deadline, 1.2);
  early.enough = 1;
  CHECK(run({star_round(kEverybody, kServer, 1e6, 1e9, 0, early)})[0]["end"] == seconds(1.2));
  early.deadline_seconds = 10;
  CHECK(run({star_round(kEverybody, kServer, 1e6, 1e9, 0, early)})[0]["end"] == seconds(1.540));
}

TEST_CASE("a quorum of one waits for all") {
  const json all = run({star_round(kEverybody, kServer, 1e6, 1e9)});
  CHECK(run({star_round(kEverybody, kServer, 1e6, 1e9, 0, closing(Closing::Kind::quorum, 1))}).dump() == all.dump());
  CHECK(all[0]["end"] == seconds(3.020));
}

TEST_CASE("a quorum that cannot be reached closes when nothing can go on") {
  TimingOptions options = on_platform("star.xml");
  options.message_loss = 1;
  const json round =
      run({star_round(kEverybody, kServer, 1e6, 1e9, 0, closing(Closing::Kind::quorum, 0.5))}, options)[0];
  CHECK(count(round, "failed") == 4);
  CHECK(count(round, "skipped") == 8);
  CHECK(round["end"] == seconds(1.010));
}

TEST_CASE("steps in flight end in a later round and are reported there") {
  const json rounds = run({star_round(kEverybody, kServer, 1e6, 1e9, 0, closing(Closing::Kind::arrivals, 1, true)),
                           star_round({2}, kServer, 1e6, 1e9, 1, closing(Closing::Kind::arrivals, 1, true)),
                           star_round({2}, kServer, 1e6, 1e9, 2, closing(Closing::Kind::arrivals, 3, true))});
  // Round 0 ends with device 2; its new task arrives at 3.08 s, the others' old ones at 3.02 s, before it.
  CHECK(rounds[0]["end"] == seconds(1.540));
  CHECK(count(rounds[0], "in_flight") == 6);
  CHECK(rounds[1]["end"] == seconds(3.020));
  REQUIRE(rounds[1]["carried"].size() == 6);
  for (const json& step : rounds[1]["carried"]) {
    CHECK(step[0] == 0);
    CHECK(step[3] == "done");
  }
  // All three arrived in the instant that closed round 1, so that round 2 waits for its own and round 1's task only.
  CHECK(count(rounds[1], "in_flight") == 1);
  CHECK(rounds[2]["end"].get<double>() > 3.08);
  CHECK(rounds[2]["carried"].size() == 1);
  double sent = 0, received = 0;
  for (const json& round : rounds) {
    for (const json& node : round["nodes"]) {
      sent += node[1].get<double>();
      received += node[2].get<double>();
    }
  }
  CHECK(sent == Approx(received));
  CHECK(sent == Approx(12e6));
}

TEST_CASE("bytes in flight are counted in the round in which they move") {
  PlanBuilder first(0, closing(Closing::Kind::deadline, 1.010, true)), second(1);
  first.transfer(0, kServer, 3e6);
  second.compute(1, 5e9);
  const json rounds = run({first.plan, second.plan});
  CHECK(rounds[0]["nodes"][0][1].get<double>() == Approx(1e6));
  CHECK(rounds[0]["nodes"][kServer][2] == 0);
  CHECK(rounds[1]["nodes"][0][1].get<double>() == Approx(2e6));
  CHECK(rounds[1]["nodes"][kServer][2] == 3e6);
  CHECK(rounds[1]["carried"][0][2] == seconds(3.010));
}

TEST_CASE("a device that starts again at its arrival takes part in the same round, and its steps are the round's own") {
  // Device 0 needs 3.02 s from model to arrival, device 2 needs 1.54 s. Of three arrivals a round: 2 at 1.54 s, 0 at
  // 3.02 s, 2 at 3.08 s; then 2 at 4.62 s, 0 at 6.04 s (begun in round 0), 2 at 6.16 s.
  const json told = in_child([] {
    Timing timing(on_platform("star.xml"));
    json rounds = json::array(), arrivals = json::array();
    std::map<int, msfusion::RoundPlan> plans;
    for (int round = 0; round < 2; ++round) {
      const std::vector<msfusion::NodeId> free = round == 0 ? std::vector<msfusion::NodeId>{0, 2} : std::vector<int>{2};
      msfusion::RoundPlan& plan = plans[round] =
          star_round(free, kServer, 1e6, 1e9, round, closing(Closing::Kind::arrivals, 3, true));
      rounds.push_back(to_json(timing.execute(plan, [&](const msfusion::Arrival& arrival) {
        const msfusion::RoundPlan& of = plans.at(arrival.round);
        const auto device = task_of(of, of.steps[static_cast<std::size_t>(arrival.step)].task).device;
        CHECK(!timing.is_busy(device));
        arrivals.push_back({timing.now_seconds(), device});
        PlanBuilder more(round);
        more.plan = plan;
        const auto task = more.task(device);
        const auto down = more.transfer(kServer, device, 1e6, {}, task);
        more.transfer(device, kServer, 1e6, {more.compute(device, 1e9, {down}, task)}, task);
        plan = more.plan;
      })));
    }
    return json{{"rounds", rounds}, {"arrivals", arrivals}};
  });
  const json& rounds = told["rounds"];
  CHECK(rounds[0]["end"] == seconds(3.080));
  CHECK(rounds[1]["end"] == seconds(6.160));
  REQUIRE(told["arrivals"].size() == 4);  // the third of each round is the merge
  const std::vector<std::pair<double, int>> expected = {{1.540, 2}, {3.020, 0}, {4.620, 2}, {6.040, 0}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(told["arrivals"][i][0] == seconds(expected[i].first));
    CHECK(told["arrivals"][i][1] == expected[i].second);
  }
  REQUIRE(rounds[0]["steps"].size() == 4 * 3);
  CHECK(count(rounds[0], "done") == 3 * 3);
  CHECK(rounds[0]["steps"][6][0] == seconds(1.540));  // device 2 again
  CHECK(rounds[0]["steps"][8][1] == seconds(3.080));
  CHECK(rounds[0]["steps"][9][0] == seconds(3.020));  // device 0 again, in flight
  REQUIRE(rounds[1]["carried"].size() == 3);
  for (int step = 0; step < 3; ++step) {
    CHECK(rounds[1]["carried"][step][0] == 0);
    CHECK(rounds[1]["carried"][step][1] == 9 + step);
  }
  // Device 2 computes 0.5 s for each of its four trainings, without a pause but for its transfers.
  CHECK(rounds[0]["nodes"][2][0].get<double>() + rounds[1]["nodes"][2][0].get<double>() == Approx(4 * 0.5));
}

TEST_CASE("work without any amount that starts again at once ends the round all the same") {
  const json round = in_child([] {
    Timing timing(on_platform("star.xml"));
    PlanBuilder builder(0, closing(Closing::Kind::arrivals, 5, true));
    builder.compute(0, 0, {}, builder.task(0));
    return to_json(
        timing.execute(builder.plan, [&](const msfusion::Arrival&) { builder.compute(0, 0, {}, builder.task(0)); }));
  });
  CHECK(round["end"] == seconds(0));
  CHECK(count(round, "done") == 5);
}
