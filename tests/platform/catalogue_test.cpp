#include "sim/platform/catalogue.hpp"

#include <set>

#include "sim/base/error.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using msfusion::kMeasuredNetwork;
using msfusion::small_catalogue;
using msfusion::UserError;

TEST_CASE("the catalogue has the kinds that people ask for") {
  std::set<std::string> kinds;
  const auto catalogue = msfusion::read_catalogue(msfusion::source_file("platforms/catalogue.xml"));
  for (const auto& device : catalogue.devices) kinds.insert(device.name);
  for (const auto& link : catalogue.links) kinds.insert(link.name);
  for (const char* kind : {"old-phone", "mid-phone", "new-phone", "raspberry-pi-4", "raspberry-pi-5", "jetson-nano",
                           "jetson-orin-nano", "laptop", "desktop-gpu", "cloud-cpu", "cloud-gpu", "4g", "5g", "wifi4",
                           "wifi6", "dsl", "cable", "fibre", "datacentre"}) {
    INFO(kind);
    CHECK(kinds.count(kind) == 1);
  }
}

TEST_CASE("all mistakes in a catalogue's <network> are found, with their lines") {
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
  CHECK(mistakes(kMeasuredNetwork).empty());
  CHECK(mistakes(kMeasuredNetwork + "\n" + kMeasuredNetwork) == "a second <network>; ");
  CHECK(mistakes("<network/>") ==
        "<network> without bandwidth-factor; <network> without message-latency; "
        "<network> without calibration; ");
  CHECK(mistakes("<network bandwidth-factor=\"1.1\" message-latency=\"3\" calibration=\"c\"/>") ==
        "bandwidth-factor=\"1.1\"; bandwidth-factor without a source; message-latency=\"3\"; "
        "message-latency without a source; ");
}

TEST_CASE("a network counts frames or has a factor for them, not both") {
  const auto found = [](const std::string& attributes, const std::string& sources) {
    std::string all;
    try {
      const auto catalogue = msfusion::read_catalogue(msfusion::write_file(
          small_catalogue("<network " + attributes + " message-latency=\"200us\" calibration=\"c\"><source of=\"" +
                          sources + " message-latency\">s</source></network>")));
      CHECK(catalogue.network->framing->segment_bytes() == 8948);
      CHECK(catalogue.network->payload_rate(1e6) == 1e6);
      CHECK(catalogue.network->link_latency_seconds(1e6) == Approx(100e-6));
      CHECK(catalogue.network->uncertainty == 0.05);
    } catch (const UserError& error) {
      for (const auto& mistake : error.mistakes()) all += mistake.found + "; ";
    }
    return all;
  };
  const std::string framed = "framing=\"tcp\" mtu=\"9000B\" uncertainty=\"5%\"";
  CHECK(found(framed, "mtu uncertainty").empty());
  CHECK(found(framed + " bandwidth-factor=\"0.9\"", "mtu uncertainty bandwidth-factor") ==
        "bandwidth-factor beside framing=\"tcp\"; ");
  CHECK(found("framing=\"udp\"", "") == "framing=\"udp\"; <network> without bandwidth-factor; ");
}

TEST_CASE("a figure without a source is a mistake, and so is an attribute that no entry has") {
  const auto mistake = [](const std::string& attributes, const std::string& sources) {
    const std::string file =
        msfusion::write_file("<catalogue>\n<link kind=\"l\" down=\"1MBps\" up=\"1MBps\" " + attributes +
                             "><source of=\"down up " + sources + "\">s</source></link>\n</catalogue>\n");
    std::vector<msfusion::Mistake> found;
    try {
      msfusion::read_catalogue(file);
    } catch (const UserError& error) {
      found = error.mistakes();
    }
    REQUIRE(found.size() == 1);
    CHECK(found[0].line == 2);
    return found[0];
  };
  CHECK(mistake("latency=\"1ms\"", "").found == "latency without a source");
  const auto unknown = mistake("latncy=\"1ms\" latency=\"1ms\"", "latency");
  CHECK(unknown.found == "unknown attribute latncy in <link>");
  CHECK_THAT(unknown.allowed, ContainsSubstring("did you mean 'latency'?"));
}
