#include <fmt/format.h>

#include <fstream>

#include "sim/base/error.hpp"
#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/plans.hpp"

using msfusion::Fleet;
using msfusion::inspect_platform;
using msfusion::Mistake;
using msfusion::on_platform;
using msfusion::TimingOptions;
using msfusion::UserError;
using msfusion::write_platform;

namespace {

std::vector<Mistake> mistakes_of(const std::string& file) {
  TimingOptions options;
  options.platform_file = file;
  try {
    inspect_platform(options);
  } catch (const UserError& error) {
    return error.mistakes();
  }
  return {};
}

/// A good platform, of which a test spoils one thing. Its first line of content is line 5 of the file.
const std::string kServer = "<host id=\"server\" speed=\"1Gf\"><prop id=\"role\" value=\"server\"/></host>\n";
const std::string kDevices =
    "<host id=\"a-1\" speed=\"1Gf\"/>\n<host id=\"a-2\" speed=\"1Gf\"/>\n"
    "<link id=\"l\" bandwidth=\"1MBps\" latency=\"1ms\"/>\n";
const std::string kLinks = "<host_link id=\"a-1\" up=\"l\" down=\"l\"/>\n<host_link id=\"a-2\" up=\"l\" down=\"l\"/>\n";

std::string prop(const std::string& id, const std::string& value) {
  return fmt::format("<prop id=\"{}\" value=\"{}\"/>", id, value);
}

}  // namespace

TEST_CASE("a fleet has its devices in natural order, then the server, with what the file says of them") {
  TimingOptions options;
  options.platform_file = write_platform(
      kServer + "<host id=\"phone-10\" speed=\"2Gf\"/>\n<host id=\"phone-2\" speed=\"1.5Gf\">" +
      prop("memory", "512MiB") + prop("memory_bandwidth", "8GBps") + prop("step_overhead", "2ms") +
      prop("price", "0.2USD/h") + prop("traffic_price", "0.09USD/GB") + prop("split", "0.25") +
      prop("kind", "old phone") + prop("wattage_per_state", "1:4") + prop("battery", "10Wh") +
      "</host>\n<link id=\"l\" bandwidth=\"1MBps\" latency=\"1ms\"/>\n" +
      "<host_link id=\"phone-2\" up=\"l\" down=\"l\"/>\n<host_link id=\"phone-10\" up=\"l\" down=\"l\"/>\n");
  const Fleet fleet = inspect_platform(options);
  REQUIRE(fleet.size() == 2);
  REQUIRE(fleet.server);
  CHECK(fleet.server->name == "server");
  const msfusion::Device& phone = fleet.devices[0];
  CHECK(phone.name == "phone-2");
  CHECK(phone.kind == "old phone");
  CHECK(phone.speed_flops == 1.5e9);
  CHECK(phone.memory_bytes == 512.0 * 1024 * 1024);
  CHECK(phone.memory_bandwidth == 8e9);
  CHECK(phone.step_overhead_seconds == 0.002);
  CHECK(phone.price_usd_per_hour == 0.2);
  CHECK(phone.price_usd_per_gb == 0.09);
  CHECK(phone.split == 0.25);
  CHECK(phone.has_power);
  const msfusion::Device& plain = fleet.devices[1];
  CHECK(plain.name == "phone-10");
  CHECK(plain.kind == "phone");
  CHECK_FALSE(plain.memory_bytes);
  CHECK_FALSE(plain.memory_bandwidth);
  CHECK_FALSE(plain.price_usd_per_hour);
  CHECK_FALSE(plain.split);
  CHECK_FALSE(plain.has_power);
}

TEST_CASE("a cluster is a fleet, too") {
  const std::string file = write_platform(
      "<cluster id=\"c\" prefix=\"node-\" suffix=\"\" radical=\"0-11\" speed=\"1Gf\" bw=\"1MBps\" lat=\"1ms\">" +
          prop("memory", "1GiB") + "</cluster>",
      "Full");
  TimingOptions options;
  options.platform_file = file;
  const Fleet fleet = inspect_platform(options);
  REQUIRE(fleet.size() == 12);
  CHECK(fleet.devices[11].name == "node-11");
  CHECK(fleet.devices[3].memory_bytes == 1024.0 * 1024 * 1024);
  CHECK_FALSE(fleet.server);
}

TEST_CASE("devices without a route are named, both of them") {
  const std::string link = "<link id=\"l\" bandwidth=\"1MBps\" latency=\"1ms\"/>\n";
  const std::string hosts =
      "<host id=\"a\" speed=\"1Gf\"/>\n<host id=\"b\" speed=\"1Gf\"/>\n<host id=\"c\" speed=\"1Gf\"/>\n";
  const std::string route = "<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/></route>\n";
  for (const std::string routing : {"Full", "Floyd", "Dijkstra"}) {
    const auto mistakes = mistakes_of(write_platform(hosts + link + route, routing));
    INFO(routing);
    REQUIRE_FALSE(mistakes.empty());
    CHECK_THAT(mistakes[0].found,
               ContainsSubstring("no route from a to c") || ContainsSubstring("no route from c to any"));
    CHECK(mistakes[0].line == (routing == "Dijkstra" ? 7 : 5));
  }
  const std::string complete = route + "<route src=\"b\" dst=\"c\"><link_ctn id=\"l\"/></route>\n" +
                               "<route src=\"a\" dst=\"c\"><link_ctn id=\"l\"/></route>\n";
  CHECK(mistakes_of(write_platform(hosts + link + complete, "Full")).empty());
}

TEST_CASE("what SimGrid refuses or aborts for becomes a message") {
  // A <route> has no meaning in a zone of routing "Cluster": an exception. Nor has a <peer>: an abort.
  const auto refused =
      mistakes_of(write_platform(kDevices + "<route src=\"a-1\" dst=\"a-2\"><link_ctn id=\"l\"/></route>\n"));
  REQUIRE(refused.size() == 1);
  CHECK_THAT(refused[0].found, ContainsSubstring("StarZone"));
  const auto aborted =
      mistakes_of(write_platform("<peer id=\"p\" speed=\"1Gf\" bw_in=\"1MBps\" bw_out=\"1MBps\"/>\n" + kDevices));
  REQUIRE(aborted.size() == 1);
  CHECK_THAT(aborted[0].found, ContainsSubstring("Vivaldi"));
  const auto of_unit = mistakes_of(write_platform("<host id=\"a\" speed=\"1Xf\"/>\n"));
  REQUIRE(of_unit.size() == 1);
  CHECK(of_unit[0].line == 5);
  CHECK_THAT(of_unit[0].found, ContainsSubstring("unknown unit"));
  const auto of_element = mistakes_of(write_platform(kDevices + "<wire id=\"w\"/>\n"));
  REQUIRE(of_element.size() == 1);
  CHECK(of_element[0].line == 8);
  CHECK_THAT(of_element[0].found, ContainsSubstring("SimGrid refuses"));
  const std::string file = write_platform("");
  std::ofstream(file) << "<platform version=\"4.1\"><zone id=\"z\" routing=\"Cluster\"><host id=\"a\" "
                         "speed=\"1Gf\"/></zone></platform>";
  CHECK_THAT(mistakes_of(file).at(0).allowed, ContainsSubstring("DOCTYPE"));
}
