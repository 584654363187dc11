// Plans timed again on fleets that differ from what the platform says.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>

#include "sim/base/quantile.hpp"
#include "sim/platform/platform_file.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using namespace msfusion;
using nlohmann::json;

namespace {

constexpr NodeId kServer = 4;  // of star.xml

/// The platform's own figures.
DrawnFleet unchanged(const Timing& timing) {
  const std::size_t links = timing.links().size();
  return {std::vector<double>(static_cast<std::size_t>(timing.fleet().nodes()), 1), std::vector<double>(links, 1),
          std::vector<double>(links, 1)};
}

std::size_t link_index(const Timing& timing, const std::string& name) {
  const auto& links = timing.links();
  const auto found = std::find_if(links.begin(), links.end(), [&](const LinkInfo& link) { return link.name == name; });
  return static_cast<std::size_t>(found - links.begin());
}

std::string star_with(const std::string& of_zone, const std::string& of_link, const std::string& tail = "") {
  return write_platform(of_zone +
                        "<host id=\"a-0\" speed=\"1Gf\"><prop id=\"uncertainty\" value=\"30%\"/></host>\n"
                        "<host id=\"a-1\" speed=\"1Gf\"/>\n"
                        "<link id=\"l-0\" bandwidth=\"1MBps\" latency=\"10ms\">" +
                        of_link +
                        "</link>\n<link id=\"l-1\" bandwidth=\"1MBps\" latency=\"10ms\" "
                        "sharing_policy=\"SPLITDUPLEX\"><prop id=\"uncertainty\" value=\"0%\"/></link>\n"
                        "<host_link id=\"a-0\" up=\"l-0\" down=\"l-0\"/>\n"
                        "<host_link id=\"a-1\" up=\"l-1_UP\" down=\"l-1_DOWN\"/>\n" +
                        tail);
}

std::string text_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

TimingOptions on(const std::string& file) {
  TimingOptions options;
  options.platform_file = file;
  return options;
}

const std::string kOwn = "<prop id=\"uncertainty\" value=\"50%\"/>";

}  // namespace

TEST_CASE("a drawn fleet takes its factors times as long, in computing, at a link's rate and in its latency") {
  PlanBuilder builder;
  builder.compute(0, 2e9);
  builder.transfer(1, kServer, 3e6);
  const json rounds = in_child([&] {
    TimingOptions options = on_platform("star.xml");
    options.platform_file = write_platform(
        "<host id=\"server\" speed=\"10Gf\"><prop id=\"role\" value=\"server\"/></host>\n"
        "<host id=\"d-0\" speed=\"1Gf\"><prop id=\"wattage_per_state\" value=\"1:5\"/></host>\n"
        "<host id=\"d-1\" speed=\"1Gf\"/><host id=\"d-2\" speed=\"1Gf\"/><host id=\"d-3\" speed=\"1Gf\"/>\n"
        "<link id=\"l-s\" bandwidth=\"1GBps\" latency=\"1ms\"/>\n"
        "<link id=\"l-0\" bandwidth=\"1MBps\" latency=\"9ms\"/>\n"
        "<link id=\"l-1\" bandwidth=\"1MBps\" latency=\"9ms\">" +
        kOwn +
        "<prop id=\"wattage_range\" value=\"1:3\"/></link>\n"
        "<host_link id=\"server\" up=\"l-s\" down=\"l-s\"/><host_link id=\"d-0\" up=\"l-0\" down=\"l-0\"/>\n"
        "<host_link id=\"d-1\" up=\"l-1\" down=\"l-1\"/><host_link id=\"d-2\" up=\"l-0\" down=\"l-0\"/>\n"
        "<host_link id=\"d-3\" up=\"l-0\" down=\"l-0\"/>\n");
    Timing timing(options);
    json all = json::array({to_json(timing.execute(builder.plan))});
    DrawnFleet fleet = unchanged(timing);
    fleet.work[0] = 1.5;
    fleet.rates[link_index(timing, "l-1")] = 0.5;
    fleet.latencies[link_index(timing, "l-1")] = 4;
    timing.redraw(fleet);
    all.push_back(to_json(timing.execute(builder.plan)));
    timing.redraw(unchanged(timing));
    all.push_back(to_json(timing.execute(builder.plan)));
    return all;
  });
  const auto lasted = [&](int round, int step) {
    const json& one = rounds[round]["steps"][step];
    return one[1].get<double>() - one[0].get<double>();
  };
  const auto close = [](double value) { return Approx(value).epsilon(0).margin(1e-8); };
  CHECK(lasted(0, 0) == close(2));
  CHECK(lasted(0, 1) == close(0.010 + 3));
  CHECK(lasted(1, 0) == close(3));
  CHECK(lasted(1, 1) == close(0.001 + 4 * 0.009 + 6));
  CHECK(lasted(2, 0) == close(2));
  CHECK(lasted(2, 1) == close(0.010 + 3));
  // 5 W while it computes, 1 W besides; a link is busy for as long as it really carries.
  const double round_seconds = 0.001 + 4 * 0.009 + 6;
  CHECK(rounds[1]["nodes"][0][3].get<double>() == Approx(3 * 5 + (round_seconds - 3) * 1));
  CHECK(rounds[1]["links"]["l-1"][1].get<double>() == Approx(round_seconds * 1 + 6 * 2));
}

TEST_CASE("a speed that varies averages out over seconds, is drawn for every round, and stays where it is not stated") {
  const auto spread_of_rounds = [](double seconds, double spread) {
    double sum = 0, squares = 0;
    constexpr int kRounds = 4000;
    for (int round = 0; round < kRounds; ++round) {
      const double z = std::log(varied_time({spread, 7}, seconds, round));
      sum += z;
      squares += z * z;
    }
    CHECK(sum / kRounds == Approx(0).margin(4 * spread / std::sqrt(std::max(1.0, seconds) * kRounds)));
    return std::sqrt(squares / kRounds);
  };
  CHECK(spread_of_rounds(0.01, 0.1) == Approx(0.1).epsilon(0.05));
  CHECK(spread_of_rounds(1, 0.1) == Approx(0.1).epsilon(0.05));
  CHECK(spread_of_rounds(100, 0.1) == Approx(0.01).epsilon(0.05));
  CHECK(spread_of_rounds(1, 0) == 0);

  PlanBuilder builder;
  builder.compute(0, 0.5e9);
  builder.compute(1, 0.5e9);
  const json found = in_child([&] {
    Timing timing(
        on(write_platform("<host id=\"a-0\" speed=\"1Gf\"><prop id=\"speed_variation\" value=\"20%\"/></host>\n"
                          "<host id=\"a-1\" speed=\"1Gf\"/>\n<link id=\"l\" bandwidth=\"1MBps\" "
                          "latency=\"10ms\"/>\n<host_link id=\"a-0\" up=\"l\" down=\"l\"/>\n"
                          "<host_link id=\"a-1\" up=\"l\" down=\"l\"/>\n")));
    const DrawnFleet fleet = draw_fleets(timing.uncertainty(), {}, 3, 17, 1).front();
    json all = {{"varies", timing.uncertainty().varies()}, {"rounds", json::array()}};
    timing.redraw(fleet);
    for (int round = 0; round < 2; ++round) {
      RoundPlan plan = builder.plan;
      plan.round = round;
      all["rounds"].push_back(to_json(timing.execute(plan)));
      all["factors"].push_back(varied_time(fleet.variations[0], 0.5, round));
    }
    return all;
  });
  CHECK(found["varies"].get<bool>());
  const auto lasted = [&](int round, int step) {
    const json& one = found["rounds"][round]["steps"][step];
    return one[1].get<double>() - one[0].get<double>();
  };
  for (int round = 0; round < 2; ++round) {
    CHECK(lasted(round, 0) == Approx(0.5 * found["factors"][round].get<double>()).epsilon(1e-9));
    CHECK(lasted(round, 1) == Approx(0.5).epsilon(1e-9));
  }
  CHECK(lasted(0, 0) != Approx(lasted(1, 0)).epsilon(1e-6));
}

TEST_CASE("the fleet that is the platform's own takes the same to the last bit") {
  PlanBuilder builder;
  const StepId trained = builder.compute(0, 1.2345e9);
  builder.transfer(0, kServer, 777777, {trained});
  builder.transfer(3, kServer, 1e6);
  builder.transfer(kServer, 3, 1e6);
  const auto run = [&](bool redrawn) {
    return in_child([&] {
      Timing timing(on_platform("star.xml"));
      if (redrawn) timing.redraw(unchanged(timing));
      return to_json(timing.execute(builder.plan));
    });
  };
  CHECK(run(true).dump() == run(false).dump());  // as text, where a figure that is unknown equals itself
}

TEST_CASE("what states no uncertainty has none, and links have their own, their zone's, or that of both halves") {
  const auto stated = [](const std::string& file) {
    return in_child([&] {
      const Timing timing(on(file));
      json all = json::object();
      const Uncertainty& uncertainty = timing.uncertainty();
      for (std::size_t i = 0; i < uncertainty.nodes.size(); ++i)
        all[uncertainty.node_names[i]] = uncertainty.nodes[i] ? json(*uncertainty.nodes[i]) : json(nullptr);
      for (std::size_t i = 0; i < uncertainty.links.size(); ++i)
        all[uncertainty.link_names[i]] = uncertainty.links[i] ? json(*uncertainty.links[i]) : json(nullptr);
      return all;
    });
  };
  const std::string zone = "<prop id=\"network_uncertainty\" value=\"20%\"/>\n";
  const json own = stated(star_with(zone, kOwn));
  CHECK(own["a-0"] == 0.3);
  CHECK(own["a-1"].is_null());
  CHECK(own["l-0"] == 0.5);
  CHECK(own["l-1_UP"] == 0.0);
  CHECK(own["l-1_DOWN"] == 0.0);
  CHECK(stated(star_with(zone, ""))["l-0"] == 0.2);
  CHECK(stated(star_with("", ""))["l-0"].is_null());
}

TEST_CASE("an uncertainty that cannot be read, or that a profile contradicts, is a mistake with its line") {
  const auto found = [](const std::string& file) -> std::string {
    try {
      read_platform_file(file);
    } catch (const UserError& error) {
      return error.mistakes().size() == 1 ? error.mistakes().front().found
                                          : error.mistakes().back().found + " and more";
    }
    return "";
  };
  CHECK(found(star_with("", "<prop id=\"uncertainty\" value=\"0.3\"/>")) == "uncertainty=\"0.3\"");
  CHECK(found(star_with("", "<prop id=\"uncertainty\" value=\"-1%\"/>")) == "uncertainty=\"-1%\"");
  CHECK(found(write_platform("<host id=\"a\" speed=\"1Gf\"><prop id=\"speed_variation\" value=\"8\"/></host>\n")) ==
        "speed_variation=\"8\"");
  CHECK(found(star_with("<prop id=\"network_uncertainty\" value=\"201%\"/>", "")) == "network_uncertainty=\"201%\"");
  CHECK(found(star_with("<prop id=\"uncertainty\" value=\"20%\"/>", "")) == "property \"uncertainty\" of a zone");
  const auto with_profile = [](const std::string& file) {
    std::string text = text_of(file);
    return write_file(text.insert(
        text.find("><", text.find("id=\"l-0\"")),
        " bandwidth_file=\"" + std::filesystem::path(write_file("0 1000000\n")).filename().string() + "\""));
  };
  CHECK(found(with_profile(star_with("", kOwn))) == "an uncertainty of link \"l-0\", which has a profile");
  CHECK(found(with_profile(star_with("<prop id=\"network_uncertainty\" value=\"20%\"/>", ""))).empty());
}

TEST_CASE("a round is timeless only where nothing has a profile and no message is lost") {
  const auto timeless = [](const std::string& file, double loss) {
    return in_child([&] {
             TimingOptions options = on(file);
             options.message_loss = loss;
             return json(Timing(options).is_timeless());
           })
        .get<bool>();
  };
  CHECK(timeless(star_with("", ""), 0));
  CHECK_FALSE(timeless(star_with("", ""), 0.1));
  CHECK_FALSE(timeless(star_with("", "",
                                 "<trace id=\"t\" periodicity=\"10\">0 1\n</trace><trace_connect kind=\"SPEED\" "
                                 "trace=\"t\" element=\"a-0\"/>"),
                       0));
}

TEST_CASE("a device whose layers are told apart has a factor for each kind, weighted by the model's FLOPs in it") {
  Uncertainty uncertainty{{0.3, 0.3}, {}, {"a", "b"}, {}, {{{"linear", 0.1}, {"convolution", 0}}, {}}};
  const auto work = [&](const LayerShares& shares, std::size_t node) {
    std::vector<double> factors;
    for (const DrawnFleet& fleet : draw_fleets(uncertainty, shares, 1, 0, kFleetDraws))
      factors.push_back(fleet.work[node]);
    return factors;
  };
  // Of linear layers alone: 10 %. Of a quarter of them, beside convolutions that are exact: a quarter of the deviation.
  CHECK(quantile(work({{"linear", 1}}, 0), 0.95) == Approx(std::exp(0.1 * 1.644854)).epsilon(1e-3));
  CHECK(quantile(work({{"linear", 0.25}, {"convolution", 0.75}}, 0), 0.95) ==
        Approx(1 + 0.25 * (std::exp(0.1 * 1.644854) - 1)).epsilon(1e-3));
  CHECK(quantile(work({{"other", 1}}, 0), 0.95) == Approx(std::exp(0.3 * 1.644854)).epsilon(1e-3));  // not told apart
  CHECK(quantile(work({{"linear", 1}}, 1), 0.95) == Approx(std::exp(0.3 * 1.644854)).epsilon(1e-3));
}

TEST_CASE("draws have the quantiles of a lognormal exactly, and depend on seed and name alone") {
  const std::vector<double> factors = draw_factors(0.3, 7, "computing of a");
  REQUIRE(factors.size() == kFleetDraws);
  // The 5 % and 95 % quantiles of a standard normal are -1.6449 and 1.6449.
  CHECK(quantile(factors, 0.05) == Approx(std::exp(-0.3 * 1.644854)).epsilon(1e-3));
  CHECK(quantile(factors, 0.5) == Approx(1).epsilon(1e-3));
  CHECK(quantile(factors, 0.95) == Approx(std::exp(0.3 * 1.644854)).epsilon(1e-3));
  CHECK(draw_factors(0.3, 7, "computing of a") == factors);
  const std::vector<double> twice = draw_factors(0.6, 7, "computing of a");
  CHECK(std::log(twice[17]) == Approx(2 * std::log(factors[17])));
  for (const auto& other : {draw_factors(0.3, 7, "computing of b"), draw_factors(0.3, 8, "computing of a")}) {
    CHECK(other != factors);
    // Independent: the logarithms' correlation is within three standard errors of 0.
    double sum = 0;
    for (int i = 0; i < kFleetDraws; ++i)
      sum += std::log(factors[static_cast<std::size_t>(i)]) * std::log(other[static_cast<std::size_t>(i)]);
    CHECK(std::abs(sum / kFleetDraws / 0.09) < 3 / std::sqrt(kFleetDraws));
  }
  const auto exactly = draw_factors(0, 7, "computing of a");
  CHECK(std::all_of(exactly.begin(), exactly.end(), [](double factor) { return factor == 1; }));
}
