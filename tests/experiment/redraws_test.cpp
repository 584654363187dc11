// Runs timed again on fleets drawn from the platform's uncertainty.
#include "sim/experiment/redraws.hpp"

#include <cmath>

#include "sim/base/quantile.hpp"
#include "sim/experiment/uncertainty_records.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using namespace msfusion;
using nlohmann::json;

namespace {

/// Two devices of 1 Gf, 5 W and 0.36 USD/h each, of which the first may be off by 30 %.
std::string platform(const std::string& more = "", const std::string& uncertainty = "30%") {
  const std::string figures = "<prop id=\"wattage_per_state\" value=\"5:5\"/><prop id=\"price\" value=\"0.36USD/h\"/>";
  return write_platform("<host id=\"a-0\" speed=\"1Gf\"><prop id=\"uncertainty\" value=\"" + uncertainty + "\"/>" +
                        figures + "</host>\n<host id=\"a-1\" speed=\"1Gf\">" + figures +
                        "</host>\n<link id=\"l\" bandwidth=\"1MBps\" latency=\"1ms\"/>\n"
                        "<host_link id=\"a-0\" up=\"l\" down=\"l\"/>\n<host_link id=\"a-1\" up=\"l\" down=\"l\"/>\n" +
                        more);
}

const std::string kProfile =
    "<trace id=\"t\" periodicity=\"1000000\">0 1\n</trace><trace_connect kind=\"SPEED\" trace=\"t\" "
    "element=\"a-1\"/>";

/// Of each round, of each draw: seconds, joules, USD.
json timed_again(const std::string& file, const std::vector<TimeablePlan>& rounds, int processes = 1) {
  return in_child([&] {
    TimingOptions options;
    options.platform_file = file;
    Timing timing(options);
    const Shape shape;
    const PriceOptions prices;
    const ObservationInputs inputs{0, shape, timing.fleet(), prices};
    Redraws redraws(timing, inputs, {1, kFleetDraws, processes, nullptr, {}});
    for (const TimeablePlan& round : rounds) redraws.add(round);
    json all = json::array();
    for (const auto& draws : redraws.finish()) {
      json one = json::array();
      for (const DrawnCost& cost : draws) one.push_back({cost.seconds, cost.joules, cost.usd});
      all.push_back(one);
    }
    return all;
  });
}

std::vector<double> column(const json& round, std::size_t figure) {
  std::vector<double> values;
  for (const json& draw : round) values.push_back(draw[figure]);
  return values;
}

TimeablePlan timeable(const RoundPlan& plan) {
  return {plan, {true, true}, 0};
}

RoundPlan computing(NodeId device, double flops) {
  PlanBuilder builder;
  builder.compute(device, flops);
  return builder.plan;
}

}  // namespace

TEST_CASE("one step of an uncertain device has the interval of a lognormal, in seconds, joules and money") {
  const json rounds = timed_again(platform(), {timeable(computing(0, 4e9)), timeable(computing(0, 2e9))});
  REQUIRE(rounds.size() == 2);
  REQUIRE(rounds[0].size() == kFleetDraws);
  const double low = std::exp(-0.3 * 1.644854), high = std::exp(0.3 * 1.644854);
  CHECK(quantile(column(rounds[0], 0), 0.05) == Approx(4 * low).epsilon(1e-3));
  CHECK(quantile(column(rounds[0], 0), 0.95) == Approx(4 * high).epsilon(1e-3));
  // Cumulated, of the same fleet: as if it were one step of 6 s.
  CHECK(quantile(column(rounds[1], 0), 0.05) == Approx(6 * low).epsilon(1e-3));
  CHECK(quantile(column(rounds[1], 0), 0.95) == Approx(6 * high).epsilon(1e-3));
  for (std::size_t draw = 0; draw < kFleetDraws; ++draw) {
    const double seconds = rounds[1][draw][0];
    CHECK(rounds[1][draw][1].get<double>() == Approx(2 * 5 * seconds));
    CHECK(rounds[1][draw][2].get<double>() == Approx(2 * 0.36 / 3600 * seconds));
  }
}

TEST_CASE("a round waits for the slower of an uncertain and a certain device") {
  PlanBuilder builder;
  builder.compute(0, 1e9);
  builder.compute(1, 1e9);
  const json rounds = timed_again(platform(), {timeable(builder.plan)});
  const auto seconds = column(rounds[0], 0);
  CHECK(quantile(seconds, 0.05) == Approx(1).epsilon(1e-8));
  CHECK(quantile(seconds, 0.95) == Approx(std::exp(0.3 * 1.644854)).epsilon(1e-3));
  const auto records = interval_records(3, {{{1, 2, 3, NAN}, {2, 4, 6, NAN}}});
  CHECK(records[0].seconds_low == 1);
  CHECK(records[0].usd_high == 6.0);
  CHECK_FALSE(records[0].grams_co2_low.has_value());
}

TEST_CASE("without error all fleets take what the platform says") {
  const json rounds = timed_again(platform("", "0%"), {timeable(computing(0, 4e9)), timeable(computing(1, 1e9))});
  for (const json& draw : rounds[1]) CHECK(draw[0].get<double>() == Approx(5).epsilon(1e-12));
}

TEST_CASE("the number of processes changes no bit, and a round that is used again takes what it took") {
  const std::vector<TimeablePlan> equal = {timeable(computing(0, 3e9)), timeable(computing(1, 1e9)),
                                           timeable(computing(0, 3e9))};
  const json one = timed_again(platform(), equal, 1);
  CHECK(timed_again(platform(), equal, 5) == one);
  // A profile, though of a constant speed, has every round timed by itself.
  const json by_itself = timed_again(platform(kProfile), equal, 2);
  CHECK(timed_again(platform(kProfile), equal, 1) == by_itself);
  for (std::size_t draw = 0; draw < kFleetDraws; ++draw)
    CHECK(by_itself[2][draw][0].get<double>() == Approx(one[2][draw][0].get<double>()).epsilon(1e-9));
}

TEST_CASE("a plan as bytes is the same plan for the clock, and equal plans have equal bytes") {
  PlanBuilder builder;
  const TaskId task = builder.task(1);
  const StepId trained = builder.compute(1, 123.5, {}, task);
  builder.transfer(1, 0, 77, {trained}, task);
  builder.plan.steps.back().starts_when_any_done = true;
  builder.plan.closing.kind = Closing::Kind::quorum;
  builder.plan.closing.fraction = 0.75;
  builder.plan.secure_sums.push_back({{1}, {}, 0, 1, 5});
  const TimeablePlan plan = timeable(builder.plan);
  const TimeablePlan read = plan_of(bytes_of(plan));
  CHECK(bytes_of(read) == bytes_of(plan));
  CHECK(read.plan.tasks.at(0).device == 1);
  CHECK(std::get<Transfer>(read.plan.steps.at(1).what).bytes == 77);
  CHECK(read.plan.steps.at(1).after == std::vector<StepId>{trained});
  CHECK(read.plan.steps.at(1).starts_when_any_done);
  CHECK(read.plan.closing.fraction == 0.75);
  CHECK(read.plan.secure_sums.at(0).flops_for_missing == 5);
  TimeablePlan later = plan;  // of another round, with tasks of other numbers
  later.plan.round = 9;
  later.plan.tasks[0].id = 41;
  for (Step& step : later.plan.steps) step.task = 41;
  CHECK(bytes_of(later) == bytes_of(plan));
  std::get<Compute>(later.plan.steps[0].what).flops = 123.25;
  CHECK(bytes_of(later) != bytes_of(plan));
}

TEST_CASE("fewer fleets are drawn where timing all of them would take minutes") {
  CHECK(affordable_draws(200, 3000) == 200);
  CHECK(affordable_draws(200, 1e6) == 20);
  CHECK(affordable_draws(200, 4e5) == 50);
  CHECK(affordable_draws(10, 1e9) == 10);
}

TEST_CASE("what is stated is said in words, and what is not") {
  CHECK(uncertainty_in_words({{0.3, 0.1, {}}, {0.2}, {}, {}}) ==
        "computing of 2 of 3 nodes 10 to 30 %; rate and latency of 1 of 1 links 20 %; unknown of the others, and left "
        "out "
        "of the intervals");
  CHECK(uncertainty_in_words({{0.3}, {}, {}, {}}) ==
        "computing of 1 of 1 nodes 30 %; rate and latency of no link stated");
}
