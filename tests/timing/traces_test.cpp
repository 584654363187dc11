// What traces of time do to a round.
#include <cmath>

#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using namespace msfusion;
using nlohmann::json;

namespace {

constexpr NodeId kServer = 4;

Approx seconds(double value) {
  return Approx(value).epsilon(0).margin(1e-7);
}

TimingOptions with(const Traces& traces, const std::string& platform = "star.xml") {
  TimingOptions options = on_platform(platform);
  options.traces = std::make_shared<Traces>(traces);
  return options;
}

// All devices have the same intervals.
Traces present(std::vector<OnInterval> intervals, double period, bool pauses) {
  Traces traces;
  traces.devices.emplace();
  TraceRow row;
  row.period_seconds = period;
  row.count = intervals.size();
  traces.devices->rows = {row};
  traces.devices->intervals = std::move(intervals);
  traces.devices->has_availability = true;
  traces.pauses = pauses;
  return traces;
}

// Down 1 MB (1.01 s), 1 GFLOP (1 s), up 1 MB (1.01 s), of device 0.
RoundPlan one_device() {
  return star_round({0}, kServer, 1e6, 1e9);
}

json run(const TimingOptions& options, const RoundPlan& plan = one_device()) {
  return in_child([&] {
    Timing timing(options);
    return to_json(timing.execute(plan));
  });
}

}  // namespace

TEST_CASE("a device that always is there is one without a trace") {
  const json plain = run(on_platform("star.xml"));
  for (const bool pauses : {false, true}) CHECK(run(with(present({{0, 100}}, 100, pauses))).dump() == plain.dump());
}

TEST_CASE("what goes on when a device leaves is lost, or paused for as long as it is away") {
  const double whole = run(on_platform("star.xml"))["end"];
  const json lost = run(with(present({{0, 1.5}, {4, 100}}, 100, false)));
  CHECK(lost["steps"][0][2] == "done");
  CHECK(lost["steps"][1][2] == "failed");
  CHECK(lost["steps"][1][1] == seconds(1.5));
  // Computing is interrupted.
  const json paused = run(with(present({{0, 1.5}, {4, 100}}, 100, true)));
  CHECK(paused["end"] == seconds(whole + 2.5));
  CHECK(paused["steps"][2][2] == "done");
  CHECK(paused["nodes"][0][0] == seconds(1));  // busy
  // A message is interrupted.
  const json sending = run(with(present({{0, 2.5}, {7, 100}}, 100, true)));
  CHECK(sending["end"] == seconds(whole + 4.5));
  CHECK(sending["nodes"][0][1] == Approx(1e6));
  // Away at first: the message waits.
  const json late = run(with(present({{3, 100}}, 100, true)));
  CHECK(late["end"] == seconds(whole + 3));
}

TEST_CASE("a trace repeats: a period later it does the same") {
  const auto end_after = [](double idle) {
    return in_child([&] {
             Timing timing(with(present({{0, 1.5}, {4, 10}}, 10, true)));
             if (idle > 0) {
               RoundPlan wait;
               wait.closing.kind = Closing::Kind::deadline;
               wait.closing.deadline_seconds = idle;
               timing.execute(wait);
             }
             const TimedRound round = timing.execute(one_device());
             return json(round.end_seconds - round.start_seconds);
           })
        .get<double>();
  };
  CHECK(end_after(10) == seconds(end_after(0)));
  CHECK(end_after(20) == seconds(end_after(0)));
  CHECK(end_after(5) == seconds(3.02));
}

TEST_CASE("a round that ends while a device is away drops its work and keeps its account") {
  RoundPlan plan = one_device();
  plan.closing.kind = Closing::Kind::deadline;
  plan.closing.deadline_seconds = 2;
  const json round = in_child([&] {
    Timing timing(with(present({{0, 1.5}, {4, 100}}, 100, true)));
    json rounds = {to_json(timing.execute(plan))};
    rounds.push_back(to_json(timing.execute(one_device())));
    return rounds;
  });
  CHECK(round[0]["steps"][1][2] == "late");
  CHECK(round[0]["nodes"][0][0] == seconds(0.49));  // from 1.01 to 1.5
  CHECK(round[1]["end"] == seconds(4 + 3.02));      // the next one waits for it
}

TEST_CASE("recorded speeds are ratios to the median, recorded lines what they carry") {
  Traces traces;
  traces.devices.emplace();
  TraceRow row;
  row.compute_ms = 40;
  traces.devices->rows = {row};
  traces.devices->median_compute_ms = 20;
  RoundPlan plan = star_round({3}, kServer, 1e6, 0.5e9);
  const auto fleet = in_child([&] {
    Timing timing(with(traces));
    return json({timing.fleet().node(3).speed_flops, timing.fleet().node(2).speed_flops});
  });
  CHECK(fleet[0] == 0.5e9);  // half of the median of 1, 1, 2, 1 Gf
  CHECK(fleet[1] == 0.5e9);
  CHECK(run(with(traces), plan)["end"] == seconds(3.02));  // 0.5 GFLOP take a second
  traces.devices->rows[0].down_bps = 4e6;
  traces.devices->rows[0].up_bps = 8e6;
  // Device 0 has one link for both directions.
  CHECK_THROWS_WITH(run(with(traces), plan), ContainsSubstring("one link for both directions"));
  traces.devices->rows[0].up_bps = 4e6;
  CHECK(run(with(traces), plan)["end"] == seconds(2 * 2.01 + 1));
}

TEST_CASE("a line's trace changes what it carries") {
  Traces traces;
  traces.bandwidth = StepSeries{{0, 1.01}, {8e6, 4e6}, 1000};  // 1 MB/s, then half of it
  // Down 1 MB until 1.01 s, 1 s of computing, up at half the rate.
  CHECK(run(with(traces))["end"] == seconds(1.01 + 1 + 2.01));
}

TEST_CASE("carbon and prices that change are integrated over each node's power") {
  Traces traces;
  traces.carbon = StepSeries{{0, 1.5, 2}, {100, 400, 0}, 10};
  traces.tariff = StepSeries{{0, 1}, {0.2, 0.5}, 100};
  const json charged = in_child([&] {
    Timing timing(with(traces));
    PlanBuilder plan;
    plan.compute(0, 1e9);  // 5 W until 1 s, then 1 W
    plan.compute(3, 3e9);  // 3 s
    const TimedRound first = timing.execute(plan.plan);
    PlanBuilder next(1);
    next.compute(3, 9e9);  // until 12 s: the carbon's steps have begun again
    const TimedRound second = timing.execute(next.plan);
    return json({*first.nodes[0].charged.grams_co2, *first.nodes[0].charged.usd, *second.nodes[0].charged.grams_co2,
                 std::isnan(*first.nodes[3].charged.grams_co2), first.nodes[0].joules});
  });
  const double kwh = 3.6e6;
  CHECK(charged[0].get<double>() * kwh == Approx(5 * 100 + 0.5 * 100 + 0.5 * 400));
  CHECK(charged[1].get<double>() * kwh == Approx(5 * 0.2 + 2 * 0.5));
  CHECK(charged[2].get<double>() * kwh == Approx(1.5 * 100 + 0.5 * 400));
  CHECK(charged[3] == true);  // no power is stated
  CHECK(charged[4] == Approx(7));
}

TEST_CASE("the energy of links is charged at the figures that held") {
  Traces traces;
  traces.carbon = StepSeries{{0, 1.01}, {100, 0}, 1000};
  const json grams = in_child([&] {
    Timing timing(with(traces));
    const TimedRound round = timing.execute(star_round({0}, kServer, 1e6, 1e9));
    for (const LinkUse& link : round.links)
      if (link.name == "access-0") return json({*link.charged.grams_co2, link.joules});
    return json();
  });
  // 1 W for 1.01 s, and 2 W more for the second in which it is full.
  CHECK(grams[0].get<double>() * 3.6e6 == Approx(100 * (1.01 + 2)).epsilon(1e-6));
  CHECK(grams[1] == Approx(3.02 + 2 * 2).epsilon(1e-6));
}

TEST_CASE("others' traffic takes its share of a link, constant or over time") {
  const auto platform = [](const std::string& property) {
    return write_platform(
        "<host id=\"a\" speed=\"1Gf\"/><host id=\"s\" speed=\"1Gf\"><prop id=\"role\" value=\"server\"/></host>"
        "<link id=\"l\" bandwidth=\"1MBps\" latency=\"0s\">" +
            property + "</link><route src=\"a\" dst=\"s\"><link_ctn id=\"l\"/></route>",
        "Full");
  };
  const auto end = [&](const std::string& property) {
    TimingOptions options = on_platform("star.xml");
    options.platform_file = platform(property);
    PlanBuilder plan;
    plan.transfer(0, 1, 1e6);
    return run(options, plan.plan)["end"].get<double>();
  };
  CHECK(end("") == seconds(1));
  CHECK(end("<prop id=\"background\" value=\"0.75\"/>") == seconds(4));
  CHECK(end("<prop id=\"background\" value=\"0\"/>") == seconds(1));
  const std::string trace = write_file("start_s,share\n0,0\n0.5,0.5\n10,\n");
  const std::string name = trace.substr(trace.rfind('/') + 1);
  CHECK(end("<prop id=\"background\" value=\"" + name + "\"/>") == seconds(1.5));
  CHECK_THROWS_WITH(end("<prop id=\"background\" value=\"1\"/>"), ContainsSubstring("background \"1\""));
}
