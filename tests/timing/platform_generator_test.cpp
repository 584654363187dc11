#include "sim/timing/platform_generator.hpp"

#include <cmath>
#include <map>
#include <set>

#include "sim/base/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"
#include "tests/support/paths.hpp"

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
using msfusion::UserError;
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

TEST_CASE("the catalogue has the kinds that people ask for") {
  std::set<std::string> kinds;
  for (const auto& device : catalogue().devices) kinds.insert(device.name);
  for (const auto& link : catalogue().links) kinds.insert(link.name);
  for (const char* kind : {"old-phone", "mid-phone", "new-phone", "raspberry-pi-4", "raspberry-pi-5", "jetson-nano",
                           "jetson-orin-nano", "laptop", "desktop-gpu", "cloud-cpu", "cloud-gpu", "4g", "5g", "wifi4",
                           "wifi6", "dsl", "cable", "fibre", "datacentre"}) {
    INFO(kind);
    CHECK(kinds.count(kind) == 1);
  }
}

TEST_CASE("a figure of a catalogue without a source is refused") {
  const std::string file = msfusion::write_file(
      "<catalogue>\n<link kind=\"l\" down=\"1MBps\" up=\"1MBps\" latency=\"1ms\">\n<source of=\"down "
      "up\">s</source></link>\n</catalogue>\n");
  try {
    msfusion::read_catalogue(file);
    FAIL("accepted");
  } catch (const UserError& error) {
    REQUIRE(error.mistakes().size() == 1);
    CHECK(error.mistakes()[0].line == 2);
    CHECK(error.mistakes()[0].found == "latency without a source");
  }
}

namespace {

/// A catalogue of one device, one link and what TCP makes of it.
std::string small_catalogue(const std::string& network) {
  return "<catalogue>\n<device kind=\"d\" speed=\"1Gf\" memory=\"1GiB\" memory-bandwidth=\"1GBps\" "
         "step-overhead=\"0s\"><source of=\"speed memory memory-bandwidth step-overhead\">s</source></device>\n"
         "<link kind=\"l\" down=\"1MBps\" up=\"2MBps\" latency=\"1ms\"><source of=\"down up "
         "latency\">s</source></link>\n" +
         network + "\n</catalogue>\n";
}
const std::string kNetwork =
    "<network bandwidth-factor=\"0.9\" message-latency=\"200us\" message-bytes=\"100B\" calibration=\"by &lt;hand>\">"
    "<source of=\"bandwidth-factor message-latency message-bytes\">s</source></network>";

}  // namespace

TEST_CASE("a calibrated network makes a transfer take as long as TCP would, and its platform says so") {
  FleetMix mix;
  mix.devices = 2;
  mix.parts = {{"d", "l", 1}};
  mix.spread = 0;
  mix.server = "";
  const Catalogue measured = msfusion::read_catalogue(msfusion::write_file(small_catalogue(kNetwork)));
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

TEST_CASE("mistakes in what a catalogue says of the network are all found, with their lines") {
  const auto mistakes = [](const std::string& network) {
    std::string found;
    try {
      msfusion::read_catalogue(msfusion::write_file(small_catalogue(network)));
    } catch (const UserError& error) {
      for (const auto& mistake : error.mistakes()) {
        CHECK(mistake.line >= 4);
        found += mistake.found + "; ";
      }
    }
    return found;
  };
  CHECK(mistakes(kNetwork).empty());
  CHECK(mistakes(kNetwork + "\n" + kNetwork) == "a second <network>; ");
  CHECK(mistakes("<network/>") ==
        "<network> without bandwidth-factor; <network> without message-latency; "
        "<network> without calibration; ");
  CHECK(mistakes("<network bandwidth-factor=\"1.1\" message-latency=\"3\" calibration=\"c\"/>") ==
        "bandwidth-factor=\"1.1\"; bandwidth-factor without a source; message-latency=\"3\"; "
        "message-latency without a source; ");
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

TEST_CASE("a platform depends on its seed alone") {
  FleetMix mix;
  mix.parts = {{"old-phone", "4g", 1}, {"laptop", "fibre", 1}};
  const std::string text = generate_platform(catalogue(), mix);
  CHECK(generate_platform(catalogue(), mix) == text);
  mix.seed = 2;
  CHECK(generate_platform(catalogue(), mix) != text);
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

TEST_CASE("cells can be larger than the catalogue's, or left out") {
  FleetMix mix;
  mix.devices = 16;
  mix.parts = {{"laptop", "wifi4", 1}};
  const auto cells = [&] {
    const std::string text = generate_platform(catalogue(), mix);
    int count = 0;
    for (std::size_t at = 0; (at = text.find("<backbone", at)) != std::string::npos; ++at) ++count;
    return count;
  };
  CHECK(cells() == 2);
  mix.devices_per_cell = 16;
  CHECK(cells() == 1);
  mix.devices_per_cell = 0;
  CHECK(cells() == 0);
  CHECK(inspect_platform(options_for(mix)).size() == 16);
}

TEST_CASE("mixes without sense are refused with what is allowed") {
  const auto refused = [](FleetMix mix) { CHECK_THROWS_AS(generate_platform(catalogue(), mix), UserError); };
  FleetMix good;
  good.parts = {{"laptop", "fibre", 1}};
  FleetMix mix = good;
  mix.devices = 0;
  refused(mix);
  mix = good;
  mix.parts[0].share = 0;
  refused(mix);
  mix = good;
  mix.spread = -1;
  refused(mix);
  mix = good;
  mix.parts.clear();
  refused(mix);
  mix = good;
  mix.parts[0].device = "labtop";
  CHECK_THROWS_WITH(generate_platform(catalogue(), mix), ContainsSubstring("laptop"));
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
