#include <filesystem>
#include <fstream>

#include "tests/platform/files.hpp"
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

// faults.xml: device-0 is off from 1.5 s to 4 s, device-1 is always there, device-2's link is off from 1.5 s to 4 s,
// device-3 is off from the start until 6 s. All have 1 Gf, 1 MBps and 10 ms to the server.
constexpr msfusion::NodeId kServer = 4;

Approx seconds(double value) {
  return Approx(value).epsilon(0).margin(1e-8);
}

json run(const std::vector<msfusion::RoundPlan>& plans, const TimingOptions& options = on_platform("faults.xml")) {
  return in_child([&] {
    Timing timing(options);
    json rounds;
    for (const auto& plan : plans) rounds.push_back(to_json(timing.execute(plan)));
    return rounds;
  });
}

}  // namespace

TEST_CASE("a device that goes off while it computes fails there and what waits for it is skipped") {
  const json round = run({star_round({0, 1}, kServer, 1e6, 1e9)})[0];
  CHECK(round["steps"][0][2] == "done");
  CHECK(round["steps"][1][2] == "failed");
  CHECK(round["steps"][1][1] == seconds(1.5));
  CHECK(round["steps"][2][2] == "skipped");
  CHECK(round["steps"][5][2] == "done");
  CHECK(round["end"] == seconds(3.020));  // the round ends with device 1
  CHECK(round["nodes"][0][0] == seconds(0.49));
}

TEST_CASE("a device that goes off while it sends has sent a part, and nothing arrived") {
  PlanBuilder builder;
  builder.transfer(0, kServer, 3e6);
  const json round = run({builder.plan})[0];
  CHECK(round["steps"][0][2] == "failed");
  CHECK(round["steps"][0][1] == seconds(1.5));
  CHECK(round["nodes"][0][1].get<double>() == Approx(1.49e6));
  CHECK(round["nodes"][kServer][2] == 0);
}

TEST_CASE("a link that goes off breaks the transfers that cross it") {
  PlanBuilder builder;
  builder.transfer(kServer, 2, 3e6);
  const auto broken = builder.transfer(1, 2, 1e6, {builder.compute(1, 2e9)});  // wants to start at 2 s
  const json round = run({builder.plan})[0];
  CHECK(round["steps"][0][2] == "failed");
  CHECK(round["steps"][0][1] == seconds(1.5));
  CHECK(round["nodes"][kServer][1].get<double>() == Approx(1.49e6));
  CHECK(round["steps"][broken][2] == "failed");
  CHECK(round["steps"][broken][0] == seconds(2));
  CHECK(round["steps"][broken][1] == seconds(2));
  CHECK(round["nodes"][1][1] == 0);
}

TEST_CASE("a link that goes off before the first byte is over it breaks the transfer at once") {
  TimingOptions options;
  const std::string profile = std::filesystem::path(msfusion::write_file("0.5 0\n3 1\n")).filename();
  options.platform_file = msfusion::write_platform(
      "<host id=\"a\" speed=\"1Gf\"/><host id=\"b\" speed=\"1Gf\"/>\n<link id=\"l\" bandwidth=\"1MBps\" "
      "latency=\"1s\" state_file=\"" +
      profile + "\"><prop id=\"wattage_range\" value=\"2:4\"/></link>\n<host_link id=\"a\" up=\"l\" down=\"l\"/>\n");
  PlanBuilder builder;
  builder.transfer(0, 1, 1e6);
  builder.compute(0, 4e9);
  const json rounds = run({builder.plan, builder.plan}, options);
  CHECK(rounds[0]["steps"][0][2] == "failed");
  CHECK(rounds[0]["steps"][0][1] == seconds(0.5));
  CHECK(rounds[0]["nodes"][0][1] == 0);
  CHECK(rounds[0]["links"]["l"][1].get<double>() == Approx(2 * 1.5));  // idle for 1.5 s, off for 2.5 s
  CHECK(rounds[1]["steps"][0][1] == seconds(6));
  CHECK(rounds[1]["links"]["l"][1].get<double>() == Approx(2 * 4 + 2 * 1));  // idle for 4 s, busy for 1 s of them
}

TEST_CASE("a device that is off gets and consumes nothing") {
  const json rounds = run({star_round({3, 1}, kServer, 1e6, 1e9), star_round({3}, kServer, 1e6, 1e9, 1),
                           star_round({1}, kServer, 1e6, 1e9, 2), star_round({3}, kServer, 1e6, 1e9, 3)});
  CHECK(rounds[0]["steps"][0][2] == "failed");
  CHECK(rounds[0]["steps"][0][1] == seconds(0));
  CHECK(rounds[0]["nodes"][3] == json({0, 0, 0, 0}));
  CHECK(rounds[1]["end"] == rounds[1]["start"]);                                // an empty round
  CHECK(rounds[2]["nodes"][3][3].get<double>() == Approx(0.040).margin(1e-6));  // back at 6 s, idle at 1 W until 6.04 s
  CHECK(rounds[3]["steps"][2][2] == "done");
}

TEST_CASE("what happens elsewhere while a device goes off stays right") {
  // Devices 0 and 1 have links of their own to the server: a fault of device 0 must not move device 1's events.
  PlanBuilder builder;
  builder.transfer(0, 1, 2e6);        // breaks at 1.5 s
  builder.transfer(kServer, 1, 2e6);  // shares device 1's link until then
  const json round = run({builder.plan})[0];
  CHECK(round["steps"][0][1] == seconds(1.5));
  const double moved = round["nodes"][0][1].get<double>();
  CHECK(round["links"]["access-1"][0].get<double>() == Approx(moved + 2e6));
  CHECK(round["end"].get<double>() == Approx(0.010 + 2 + moved / 1e6).margin(0.02));
}

TEST_CASE("a profile's repetitions go on over rounds") {
  // churn.xml: device-0 is on for 2 s and off for 1 s, forever.
  constexpr msfusion::NodeId kItsServer = 2;
  const json rounds = run({star_round({0}, kItsServer, 0, 1.5e9, 0), star_round({0}, kItsServer, 0, 1.5e9, 1),
                           star_round({1}, kItsServer, 0, 10e9, 2)},
                          on_platform("churn.xml"));
  CHECK(rounds[0]["steps"][1][2] == "done");
  CHECK(rounds[1]["steps"][1][2] == "failed");
  CHECK(rounds[1]["end"] == seconds(2));
  CHECK(rounds[2]["end"] == seconds(12));
  CHECK(rounds[2]["nodes"][0][3].get<double>() == Approx(6));  // on from 3 to 5, 6 to 8 and 9 to 11 s, 1 W idle
}

TEST_CASE("the next switch is known") {
  const json answer = in_child([] {
    Timing timing(on_platform("faults.xml"));
    return json{*timing.next_switch_seconds(), timing.is_on(1), timing.is_on(3)};
  });
  CHECK(answer[0] == 1.5);
  CHECK(answer[1] == true);
  CHECK(answer[2] == false);
}

TEST_CASE("a lost message is sent, takes its time, and does not arrive") {
  TimingOptions options = on_platform("star.xml");
  options.message_loss = 1;
  PlanBuilder builder;
  builder.transfer(0, kServer, 3e6);
  const json round = run({builder.plan}, options)[0];
  CHECK(round["steps"][0][2] == "failed");
  CHECK(round["end"] == seconds(3.010));
  CHECK(round["nodes"][0][1] == 3e6);
  CHECK(round["nodes"][kServer][2] == 0);
}

TEST_CASE("bytes sent are bytes received and bytes lost") {
  TimingOptions options = on_platform("star.xml");
  options.message_loss = 0.3;
  PlanBuilder builder;
  for (int i = 0; i < 300; ++i) builder.transfer(i % 5, (i + 1) % 5, 1000);
  std::vector<double> losses;
  for (const std::uint64_t seed : {1u, 2u}) {
    options.seed = seed;
    const json round = run({builder.plan}, options)[0];
    double sent = 0, received = 0, lost = 0;
    for (const json& node : round["nodes"]) {
      sent += node[1].get<double>();
      received += node[2].get<double>();
    }
    for (const json& step : round["steps"]) lost += step[2] == "failed" ? 1000 : 0;
    CHECK(sent == Approx(300e3));
    CHECK(sent == Approx(received + lost));
    CHECK(lost == Approx(90e3).epsilon(0.3));
    losses.push_back(lost);
  }
  CHECK(losses[0] != losses[1]);
}

TEST_CASE("an aggregator does not hang when every device is gone") {
  Closing deadline;
  deadline.kind = Closing::Kind::deadline;
  deadline.deadline_seconds = 100;
  const json round = run({star_round({3}, kServer, 1e6, 1e9, 0, deadline)})[0];
  CHECK(round["end"] == seconds(0));
}

TEST_CASE("a step that starts when any is done waits for all to end, and is skipped if none is done") {
  PlanBuilder builder;
  const msfusion::StepId done = builder.compute(1, 2e9), failed = builder.compute(3, 1e9);
  builder.compute(1, 1e9, {done, failed});
  builder.compute(1, 1e9, {done, failed});
  builder.plan.steps.back().starts_when_any_done = true;
  builder.compute(1, 1e9, {failed});
  builder.plan.steps.back().starts_when_any_done = true;
  const json round = run({builder.plan})[0];
  CHECK(round["steps"][2][2] == "skipped");
  CHECK(round["steps"][3][2] == "done");
  CHECK(round["steps"][3][0].get<double>() == seconds(2));
  CHECK(round["steps"][4][2] == "skipped");
}

TEST_CASE("what a node does is observed moment by moment, receiving, computing and sending, and how long it was off") {
  // Device 0: receives 1 MB until 1.01 s, computes until it goes off at 1.5 s, and is off until the round ends.
  const json round = run({star_round({0, 1}, kServer, 1e6, 1e9)})[0];
  const json& broken = round["spans"][0];
  REQUIRE(broken.size() == 2);
  CHECK(broken[0][0] == "r");
  CHECK(broken[0][2] == seconds(1.010));
  CHECK(broken[1][0] == "c");
  CHECK(broken[1][2] == seconds(1.5));
  CHECK(round["off"][0] == seconds(3.020 - 1.5));
  const json& whole = round["spans"][1];
  REQUIRE(whole.size() == 3);
  CHECK(whole[2][0] == "s");
  CHECK(whole[2][1] == seconds(2.010));
  CHECK(whole[2][2] == seconds(3.020));
  CHECK(round["off"][3] == round["end"]);  // off from the start
  CHECK(round["spans"][kServer][0][0] == "s");
  CHECK(round["off"][1] == 0.0);
}

TEST_CASE("two peers that send to each other send and receive at once") {
  PlanBuilder builder;
  builder.transfer(1, kServer, 1e6);
  builder.transfer(kServer, 1, 2e6);
  const json round = run({builder.plan})[0];
  const json& spans = round["spans"][1];
  REQUIRE(spans.size() == 2);
  CHECK(spans[0][0] == "sr");
  CHECK(spans[0][2] == spans[1][1]);
  CHECK(spans[1][0] == "r");
}

TEST_CASE("work that goes on into the next round is seen in both, and so is the time off") {
  Closing closing;
  closing.kind = Closing::Kind::deadline;
  closing.deadline_seconds = 1;
  closing.keep_in_flight = true;
  PlanBuilder first(0, closing), second(1, closing);
  first.compute(1, 1.5e9);
  const json rounds = run({first.plan, second.plan});
  CHECK(rounds[0]["spans"][1] == json::parse("[[\"c\", 0.0, 1.0]]"));
  CHECK(rounds[1]["spans"][1] == json::parse("[[\"c\", 1.0, 1.5]]"));
  CHECK(rounds[0]["off"][3] == 1.0);
  CHECK(rounds[1]["off"][3] == 0.5);
  CHECK(rounds[1]["off"][0] == 0.0);  // goes off as the round ends
}
