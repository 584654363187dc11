// Platform files as other people write them: each kind is read, or refused with its line and the reason.
#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/timing/timing.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

TimingOptions options_for(const std::string& name) {
  TimingOptions options;
  options.platform_file = source_file("tests/platform/platforms/" + name);
  return options;
}

std::string first_mistake(const TimingOptions& options) {
  try {
    inspect_platform(options);
  } catch (const UserError& error) {
    return fmt::format("{}: {}", error.mistakes().front().line, error.mistakes().front().found);
  }
  return "";
}

}  // namespace

TEST_CASE("what a platform cannot say here is refused with its line") {
  CHECK(first_mistake(options_for("wifi.xml")) == "4: a Wi-Fi zone");
  TimingOptions link;
  link.platform_file = write_platform(
      "<host id='a' speed='1Gf'/>\n<link id='air' sharing_policy='WIFI' bandwidth='50Mbps,20Mbps' latency='0ms'/>");
  CHECK(first_mistake(link).find(": link \"air\" with sharing_policy=\"WIFI\"") != std::string::npos);
  CHECK(first_mistake(options_for("other-model.xml")) == "5: a <config> that sets network/model");
}

TEST_CASE("a <config> that changes no result is accepted") {
  CHECK(inspect_platform(options_for("harmless-config.xml")).size() == 2);
}

TEST_CASE("the kinds of SimGrid's public examples are read") {
  struct Kind {
    std::string routing, content;
    int devices;
  };
  const std::string cluster =
      "<cluster id='c' prefix='n-' suffix='.lab' speed='1Gf' bw='125MBps' lat='50us' loopback_bw='1GBps' "
      "loopback_lat='0' ";
  const std::string line =
      "<host id='a' speed='1Gf'/><host id='b' speed='1Gf'/><router id='r'/>"
      "<link id='l' bandwidth='1MBps' latency='1ms'/><link id='m' bandwidth='1MBps' latency='1ms'/>"
      "<route src='a' dst='r'><link_ctn id='l'/></route><route src='r' dst='b'><link_ctn id='m'/></route>";
  const std::string cabinet = "<cabinet id='k' prefix='h-' suffix='' speed='1Gf' bw='1MBps' lat='1ms' radical='";
  const auto kind = GENERATE_COPY(values<Kind>({
      {"Full", cluster + "radical='0-11' topology='TORUS' topo_parameters='3,2,2'/>", 12},
      {"Full", cluster + "radical='0-15' topology='FAT_TREE' topo_parameters='2;4,4;1,2;1,2'/>", 16},
      {"Full", cluster + "radical='0-119' topology='DRAGONFLY' topo_parameters='3,4;4,3;5,1;2' limiter_link='1GBps'/>",
       120},
      {"Full", cluster + "radical='0-3,7' bb_bw='2GBps' bb_lat='1ms' core='4'/>", 5},
      {"Cluster",
       cabinet + "1-3'/>" + cabinet + "4-5'/><router id='r'/><backbone id='bb' bandwidth='1GBps' latency='1ms'/>", 5},
      {"Floyd", line, 2},
      {"Dijkstra", line, 2},
      {"DijkstraCache", line, 2},
      {"Floyd", line + "<bypassRoute src='a' dst='b'><link_ctn id='m'/><link_ctn id='l'/></bypassRoute>", 2},
      {"Vivaldi",
       "<peer id='p' speed='1Gf' coordinates='1.0 2.0 0.5' bw_in='1MBps' bw_out='1MBps' lat='1ms'/>"
       "<peer id='q' speed='1Gf' coordinates='5.0 0.0 0.1' bw_in='1MBps' bw_out='1MBps' lat='1ms'/>",
       2},
      {"Full",
       "<host id='a' speed='2Gf, 1Gf' pstate='1'><prop id='wattage_per_state' value='1:2:8, 1:2:5'/>"
       "<disk id='d' read_bw='1MBps' write_bw='1MBps'><prop id='size' value='1GiB'/></disk></host>"
       "<host id='b' speed='1Gf' core='4'/><link id='l' bandwidth='1MBps' latency='0' sharing_policy='FATPIPE'/>"
       "<route src='a' dst='b'><link_ctn id='l'/></route>",
       2},
      {"Full",
       "<zone id='z' routing='Full'><host id='a' speed='1Gf'/></zone><zone id='y' routing='Full'><host id='b' "
       "speed='1Gf'/></zone><link id='l' bandwidth='1MBps' latency='1ms'/><zoneRoute src='z' dst='y' gw_src='a' "
       "gw_dst='b'><link_ctn id='l'/></zoneRoute>",
       2},
  }));
  INFO(kind.routing << ": " << kind.content);
  TimingOptions options;
  options.platform_file = write_platform(kind.content, kind.routing);
  REQUIRE(first_mistake(options).empty());
  CHECK(inspect_platform(options).size() == kind.devices);
}

TEST_CASE(
    "the scenario names the server of a file that has none, and nodes that do not send to each other need no route") {
  TimingOptions options = options_for("two-spokes.xml");
  CHECK(first_mistake(options) == "6: no route from a to b");
  options.server = "centre";
  options.senders = [](const Fleet& fleet) {
    Senders senders;
    for (NodeId device = 0; device < fleet.size(); ++device) senders.pairs.emplace_back(device, fleet.server_node());
    return senders;
  };
  const Fleet fleet = inspect_platform(options);
  REQUIRE(fleet.server);
  CHECK(fleet.server->name == "centre");
  CHECK(fleet.size() == 2);
  CHECK(fleet.devices[0].has_power);  // blanks after the commas of wattage_per_state
}

TEST_CASE("a host of a cluster can be the server") {
  TimingOptions options = options_for("cluster.xml");
  options.server = "node-2.lab";
  const Fleet fleet = inspect_platform(options);
  REQUIRE(fleet.server);
  CHECK(fleet.server->name == "node-2.lab");
  CHECK(fleet.size() == 3);
  options.server = "node-7.lab";
  CHECK(first_mistake(options) == "0: server=\"node-7.lab\" in <platform>");
}

TEST_CASE("names are UTF-8, whatever the file's encoding and however their letters are written") {
  for (const char* name : {"latin1.xml", "utf16.xml", "byte-order-mark.xml"}) {
    INFO(name);
    const Fleet fleet = inspect_platform(options_for(name));
    REQUIRE(fleet.size() == 2);
    CHECK(fleet.devices[0].name == "b\xC3\xBCro");
    CHECK(fleet.devices[1].name == "caf\xC3\xA9");
  }
}
