#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using msfusion::in_child;
using msfusion::on_platform;
using msfusion::PlanBuilder;
using msfusion::Timing;
using msfusion::TimingOptions;
using msfusion::to_json;
using nlohmann::json;

namespace {

constexpr msfusion::NodeId kServer = 4;  // of star.xml

json run(const msfusion::RoundPlan& plan, const TimingOptions& options = on_platform("star.xml")) {
  return in_child([&] { return to_json(Timing(options).execute(plan)); });
}

Approx seconds(double value) {
  return Approx(value).epsilon(0).margin(1e-8);
}

}  // namespace

TEST_CASE("one flow takes latency plus bytes over bandwidth") {
  PlanBuilder builder;
  builder.transfer(0, kServer, 3e6);
  const json round = run(builder.plan);
  CHECK(round["steps"][0][1] == seconds(0.010 + 3.0));
  CHECK(round["end"] == seconds(3.010));
}

TEST_CASE("two flows on one link take twice as long") {
  PlanBuilder builder;
  builder.transfer(0, kServer, 3e6);
  builder.transfer(1, 0, 3e6);  // crosses access-0 as well; its route has two long links
  builder.transfer(kServer, 0, 3e6);
  const json round = run(builder.plan);
  // Shares of a link are inversely proportional to the latencies of the flows' routes: 10, 18 and 10 ms.
  const double shortest = 0.010 + 3 * (1 + 1 + 10.0 / 18);
  CHECK(round["steps"][0][1].get<double>() == Approx(shortest).epsilon(0.01));
  CHECK(round["steps"][2][1].get<double>() == Approx(shortest).epsilon(0.01));
  CHECK(round["end"].get<double>() == Approx(0.010 + 9.0).epsilon(0.01));

  PlanBuilder equal;
  equal.transfer(0, kServer, 3e6);
  equal.transfer(kServer, 0, 3e6);
  CHECK(run(equal.plan)["end"] == seconds(0.010 + 6.0));
}

TEST_CASE("the halves of a split-duplex link do not slow each other down") {
  PlanBuilder builder;
  builder.transfer(3, kServer, 3e6);
  builder.transfer(kServer, 3, 3e6);
  CHECK(run(builder.plan)["end"] == seconds(3.010));
}

TEST_CASE("work takes FLOPs over speed, and two steps on one core share it") {
  PlanBuilder builder;
  builder.compute(0, 2e9);
  builder.compute(2, 2e9);
  builder.compute(3, 1e9);
  builder.compute(3, 1e9);
  const json round = run(builder.plan);
  CHECK(round["steps"][0][1] == seconds(2));
  CHECK(round["steps"][1][1] == seconds(1));
  CHECK(round["steps"][2][1] == seconds(2));
  CHECK(round["nodes"][3][0] == seconds(2));
}

TEST_CASE("a link carries no more than its bandwidth when flows start and end in the same instant") {
  // Flows that begin at the server's link, start together and end at links of which one is already in use: SimGrid left
  // to itself gives device-1's link to both flows in full.
  PlanBuilder builder;
  builder.transfer(0, 1, 10e6);
  const auto wait = builder.compute(2, 2e9);
  builder.transfer(kServer, 3, 1e6, {wait});
  builder.transfer(kServer, 1, 1e6, {wait});
  const json round = run(builder.plan);
  CHECK(round["end"] == seconds(11.018));
}

TEST_CASE("shares freed in one instant are all used") {
  // Two flows from the server end together, each beside a flow between devices 0 and 1.
  PlanBuilder builder;
  builder.transfer(kServer, 0, 1e6);
  builder.transfer(kServer, 1, 1e6);
  builder.transfer(0, 1, 5e6);
  const json round = run(builder.plan);
  CHECK(round["steps"][0][1] == round["steps"][1][1]);
  CHECK(round["end"].get<double>() == Approx(0.010 + 6));  // access-1 is never idle: 1 MB and 5 MB
}

TEST_CASE("no window of TCP limits a fast and long line") {
  TimingOptions options;
  options.platform_file = msfusion::write_platform(
      "<host id=\"a\" speed=\"1Gf\"/><host id=\"b\" speed=\"1Gf\"/>\n<link id=\"l\" bandwidth=\"1GBps\" "
      "latency=\"100ms\"/>\n<host_link id=\"a\" up=\"l\" down=\"l\"/>\n");
  PlanBuilder builder;
  builder.transfer(0, 1, 2e9);
  CHECK(run(builder.plan, options)["end"] == seconds(2.1));
}

TEST_CASE("steps without work take no time and do not hide what waits for them") {
  PlanBuilder builder;
  const auto none = builder.compute(0, 0);
  const auto empty = builder.transfer(0, 1, 0, {none});
  const auto last = builder.compute(1, 1e9, {none, empty});
  const json round = run(builder.plan);
  CHECK(round["steps"][empty][1] == seconds(0));
  CHECK(round["steps"][empty][2] == "done");
  CHECK(round["steps"][last][1] == seconds(1));
  CHECK(run(PlanBuilder().plan)["end"] == seconds(0));
}

TEST_CASE("a step starts when the last of those it waits for is done") {
  PlanBuilder builder;
  const auto first = builder.compute(0, 1e9);
  const auto second = builder.compute(1, 3e9);
  const auto last = builder.transfer(0, 1, 1e6, {first, second});
  const json round = run(builder.plan);
  CHECK(round["steps"][last][0] == seconds(3));
  CHECK(round["steps"][last][1] == seconds(3 + 0.018 + 1));
}

TEST_CASE("rounds follow one another in time") {
  const json ends = in_child([] {
    Timing timing(on_platform("star.xml"));
    json result;
    for (int round = 0; round < 3; ++round) {
      result.push_back(to_json(timing.execute(msfusion::star_round({0, 1}, kServer, 1e6, 1e9, round))));
    }
    return result;
  });
  for (std::size_t round = 0; round < 3; ++round) {
    CHECK(ends[round]["start"] == seconds(3.020 * static_cast<double>(round)));
    CHECK(ends[round]["end"] == seconds(3.020 * static_cast<double>(round + 1)));
  }
}

TEST_CASE("the same plan twice gives the same times to the last bit") {
  PlanBuilder builder;
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      if (i != j) builder.transfer(i, j, 1e5 * (1 + i) + 777 * j, {builder.compute(i, 1e8 * (j + 1))});
    }
  }
  TimingOptions lossy = on_platform("star.xml");
  lossy.message_loss = 0.3;
  CHECK(run(builder.plan, lossy).dump() == run(builder.plan, lossy).dump());
}

TEST_CASE("LV08 stretches latency and narrows bandwidth as SimGrid calibrated it") {
  PlanBuilder builder;
  builder.transfer(3, kServer, 3e6);  // over a split-duplex link: the acknowledgements do not share its half
  TimingOptions options = on_platform("star.xml");
  options.network = TimingOptions::NetworkModel::lv08;
  CHECK(run(builder.plan, options)["end"].get<double>() == Approx(13.01 * 0.010 + 3 / 0.97).epsilon(1e-6));
}

TEST_CASE("a device that sends one message at a time takes as long over its link as one that sends all at once") {
  PlanBuilder builder;
  for (int i = 0; i < 3; ++i) builder.transfer(0, kServer, 1e6);
  TimingOptions options = on_platform("star.xml");
  CHECK(run(builder.plan, options)["end"] == seconds(0.010 + 3));
  options.sends_at_once = 1;
  const json round = run(builder.plan, options);
  CHECK(round["steps"][1][0] == seconds(1.010));
  CHECK(round["end"] == seconds(3 * (0.010 + 1)));
  CHECK(round["nodes"][kServer][2] == 3e6);
}

TEST_CASE("messages wait for their turn even when one before them fails") {
  PlanBuilder builder;
  for (const int to : {1, 3, 3, kServer}) builder.transfer(2, to, 1e6);  // device 3 of faults.xml is off
  TimingOptions options = on_platform("faults.xml");
  options.sends_at_once = 1;
  const json round = run(builder.plan, options);
  CHECK(round["steps"][0][2] == "done");
  CHECK(round["steps"][1][2] == "failed");
  CHECK(round["steps"][2][2] == "failed");
  CHECK(round["steps"][3][0] == seconds(1.018));
}

TEST_CASE("links and routes can be asked for") {
  const json answer = in_child([] {
    Timing timing(on_platform("star.xml"));
    const auto route = timing.route(2, kServer);
    json names;
    for (const int link : route.links) names.push_back(timing.links()[static_cast<std::size_t>(link)].name);
    return json{{"names", names}, {"latency", route.latency_seconds}, {"bandwidth", route.bandwidth_bytes_per_second}};
  });
  CHECK(answer["names"] == json({"access-2", "access-server"}));
  CHECK(answer["latency"] == seconds(0.020));
  CHECK(answer["bandwidth"] == 2e6);
}

TEST_CASE("an amount that is no number is refused") {
  PlanBuilder builder;
  builder.compute(0, std::nan(""));
  CHECK_THROWS_WITH(run(builder.plan), ContainsSubstring("step 0 of round 0"));
}
