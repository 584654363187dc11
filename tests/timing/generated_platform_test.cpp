#include <cmath>
#include <map>
#include <set>

#include "sim/platform/platform_generator.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using msfusion::Catalogue;
using msfusion::Device;
using msfusion::Fleet;
using msfusion::FleetMix;
using msfusion::generate_platform;
using msfusion::in_child;
using msfusion::inspect_platform;
using msfusion::PlanBuilder;
using msfusion::Timing;
using msfusion::TimingOptions;
using msfusion::to_json;
using nlohmann::json;

namespace {

const Catalogue& catalogue() {
  static const Catalogue result = msfusion::read_catalogue(msfusion::source_file("platforms/catalogue.xml"));
  return result;
}

TimingOptions options_for(const FleetMix& mix) {
  TimingOptions options;
  options.platform_file = msfusion::write_file(generate_platform(catalogue(), mix));
  return options;
}

}  // namespace

TEST_CASE("a calibrated network makes a transfer take as long as TCP would, and its platform says so") {
  FleetMix mix;
  mix.devices = 2;
  mix.parts = {{"d", "l", 1}};
  mix.spread = 0;
  mix.server = "";
  const Catalogue measured =
      msfusion::read_catalogue(msfusion::write_file(msfusion::small_catalogue(msfusion::kMeasuredNetwork)));
  TimingOptions options;
  options.platform_file = msfusion::write_file(generate_platform(measured, mix));
  CHECK(inspect_platform(options).network_calibration == "by <hand>");
  const json round = in_child([&] {
    Timing timing(options);
    PlanBuilder builder;
    builder.transfer(0, 1, 1e6);
    return to_json(timing.execute(builder.plan));
  });
  // Two links of 1 ms, 200 us, half of 100 bytes on each, and 1 MB through 90 % of the narrower one.
  CHECK(round["steps"][0][1].get<double>() == Approx(0.002 + 200e-6 + 50 / 1e6 + 50 / 2e6 + 1 / 0.9));

  options.platform_file = msfusion::write_file(generate_platform(catalogue(), [] {
    FleetMix plain;
    plain.parts = {{"laptop", "fibre", 1}};
    return plain;
  }()));
  CHECK(inspect_platform(options).network_calibration.empty());
}

TEST_CASE("a framed network and the uncertainty of kinds go into the platform") {
  FleetMix mix;
  mix.devices = 2;
  mix.parts = {{"d", "l", 1}};
  mix.spread = 0;
  mix.server = "";
  Catalogue measured = msfusion::read_catalogue(msfusion::write_file(
      msfusion::small_catalogue("<network framing=\"tcp\" message-latency=\"200us\" calibration=\"c\"><source "
                                "of=\"message-latency\">s</source></network>")));
  measured.devices[0].uncertainty = 0.3;
  measured.devices[0].speed_variation = 0.08;
  measured.links[0].uncertainty = 0.15;
  TimingOptions options;
  options.platform_file = msfusion::write_file(generate_platform(measured, mix));
  const json result = in_child([&] {
    Timing timing(options);
    PlanBuilder builder;
    builder.transfer(0, 1, 1448);
    json round = to_json(timing.execute(builder.plan));
    for (const auto& spread : timing.uncertainty().nodes) round["uncertain"].push_back(spread.value());
    for (const auto& spread : timing.uncertainty().variations) round["varied"].push_back(spread.value());
    for (std::size_t i = 0; i < timing.links().size(); ++i)
      if (timing.links()[i].name.find("d-") == 0) round["uncertain"].push_back(timing.uncertainty().links[i].value());
    return round;
  });
  // Two links of 1 ms, 200 us, and a frame of 1514 bytes through the narrower one.
  CHECK(result["steps"][0][1].get<double>() == Approx(0.002 + 200e-6 + 1514e-6));
  CHECK(result["varied"] == json{0.08, 0.08});
  CHECK(result["uncertain"] == json{0.3, 0.3, 0.15, 0.15, 0.15, 0.15});
}

TEST_CASE("every kind of device and link makes a platform that loads") {
  FleetMix mix;
  mix.devices = 0;
  for (const auto& device : catalogue().devices) {
    for (const auto& link : catalogue().links) {
      mix.parts.push_back({device.name, link.name, 1});
      ++mix.devices;
    }
  }
  const Fleet fleet = inspect_platform(options_for(mix));
  CHECK(fleet.size() == mix.devices);
  REQUIRE(fleet.server);
  CHECK(fleet.server->kind == "cloud-cpu");
}

TEST_CASE("shares become counts and figures spread around the catalogue's") {
  FleetMix mix;
  mix.devices = 1000;
  mix.parts = {{"old-phone", "4g", 40}, {"new-phone", "wifi6", 35}, {"laptop", "fibre", 25}};
  const Fleet fleet = inspect_platform(options_for(mix));
  std::map<std::string, std::vector<double>> speeds;
  for (const Device& device : fleet.devices) speeds[device.kind].push_back(std::log(device.speed_flops));
  CHECK(speeds["old-phone"].size() == 400);
  CHECK(speeds["new-phone"].size() == 350);
  CHECK(speeds["laptop"].size() == 250);
  double mean = 0, variance = 0;
  for (const double speed : speeds["old-phone"]) mean += speed / 400;
  for (const double speed : speeds["old-phone"]) variance += (speed - mean) * (speed - mean) / 400;
  CHECK(std::exp(mean) == Approx(2e9).epsilon(0.05));
  CHECK(std::sqrt(variance) == Approx(0.3).epsilon(0.1));
}

TEST_CASE("devices without cells load as well") {
  FleetMix mix;
  mix.devices = 16;
  mix.parts = {{"laptop", "wifi4", 1}};
  mix.devices_per_cell = 0;
  CHECK(inspect_platform(options_for(mix)).size() == 16);
}

TEST_CASE("devices of a cell share its capacity, and others do not") {
  FleetMix mix;
  mix.devices = 16;
  mix.parts = {{"laptop", "wifi4", 1}};  // two cells of eight
  mix.spread = 0;
  const json round = in_child([&] {
    Timing timing(options_for(mix));
    const msfusion::NodeId server = timing.fleet().server_node();
    PlanBuilder builder;
    for (int i = 0; i < 3; ++i) builder.transfer(i, server, 86e6 / 8);  // one second each if alone
    builder.transfer(8, server, 86e6 / 8);                              // in the other cell
    builder.transfer(9, 10, 86e6 / 8, {3});                             // within the other cell, afterwards
    return to_json(timing.execute(builder.plan));
  });
  CHECK(round["steps"][0][1].get<double>() == Approx(3 + 0.004));
  CHECK(round["steps"][3][1].get<double>() == Approx(1 + 0.004));
  CHECK(round["steps"][4][1].get<double>() == Approx(2 + 0.004 + 0.006));
}

TEST_CASE("the quickstart platform has ten devices of four kinds, and some too small for the full model") {
  TimingOptions options;
  options.platform_file = msfusion::source_file("platforms/quickstart.xml");
  const Fleet fleet = inspect_platform(options);
  REQUIRE(fleet.size() == 10);
  REQUIRE(fleet.server);
  std::set<std::string> kinds;
  int small = 0;
  for (const Device& device : fleet.devices) {
    kinds.insert(device.kind);
    CHECK(device.has_power);
    REQUIRE(device.memory_bytes);
    small += *device.memory_bytes < 25e6;
  }
  CHECK(kinds.size() == 4);
  CHECK(small == 4);
}

TEST_CASE("aggregators stand at the access points: what they pass on does not go through the air") {
  FleetMix mix;
  mix.devices = 16;
  mix.parts = {{"laptop", "wifi4", 1}};
  mix.spread = 0;
  mix.aggregator = "laptop";
  const Fleet fleet = inspect_platform(options_for(mix));
  REQUIRE(fleet.aggregators.size() == 2);
  REQUIRE(fleet.devices[0].aggregator);
  CHECK(*fleet.devices[0].aggregator == fleet.server_node() + 1);
  CHECK(*fleet.devices[15].aggregator == fleet.server_node() + 2);
  CHECK(fleet.node(fleet.server_node() + 2).name == "wifi4-cell-1-edge");
  const json round = in_child([&] {
    Timing timing(options_for(mix));
    const msfusion::NodeId server = timing.fleet().server_node(), edge = server + 1;
    PlanBuilder builder;
    for (int i = 0; i < 3; ++i) builder.transfer(i, edge, 86e6 / 8);  // share the air: three seconds
    builder.transfer(edge, server, 100e6 / 8);                        // alone on the backhaul
    return to_json(timing.execute(builder.plan));
  });
  CHECK(round["steps"][0][1].get<double>() == Approx(3).epsilon(0.01));
  CHECK(round["links"].contains("wifi4-cell-0-air"));
  CHECK(round["links"]["wifi4-cell-0-air"][0].get<double>() == Approx(3 * 86e6 / 8));
  CHECK(round["links"]["wifi4-cell-0-up"][0].get<double>() == Approx(100e6 / 8));
}
