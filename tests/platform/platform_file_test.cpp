#include "sim/platform/platform_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"

using msfusion::Mistake;
using msfusion::UserError;
using msfusion::write_platform;

namespace {

std::vector<Mistake> mistakes_of(const std::string& file) {
  try {
    msfusion::read_platform_file(file);
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

std::string host(const std::string& inside) {
  return "<host id=\"a-3\" speed=\"1Gf\">" + inside + "</host>\n";
}
std::string prop(const std::string& id, const std::string& value) {
  return fmt::format("<prop id=\"{}\" value=\"{}\"/>", id, value);
}

}  // namespace

TEST_CASE("one mistake is one message with its line") {
  struct Row {
    std::string content;
    int line;
    std::string found;
  };
  const std::vector<Row> rows = {
      {"", 3, "without devices"},
      {kServer, 3, "without devices"},
      {kDevices + kServer + "<host id=\"s2\" speed=\"1Gf\">" + prop("role", "server") + "</host>\n", 9,
       "second server"},
      {kDevices + "<host id=\"a-1\" speed=\"1Gf\"/>\n", 8, "host \"a-1\" for the second time"},
      {kDevices + "<link id=\"l\" bandwidth=\"1MBps\"/>\n", 8, "link \"l\" for the second time"},
      {"<host id=\"a\" speed=\"0f\"/>\n", 5, "speed=\"0f\""},
      {"<host id=\"a\" speed=\"-1Gf\"/>\n", 5, "speed=\"-1Gf\""},
      {"<host id=\"a\" speed=\"fast\"/>\n", 5, "speed=\"fast\""},
      {"<host id=\"a\" speed=\"nanf\"/>\n", 5, "speed=\"nanf\""},
      {"<host id=\"a\"/>\n", 5, "without speed"},
      {"<cluster id=\"c\" prefix=\"n\" suffix=\"\" radical=\"0-2147483647\" speed=\"1Gf\" bw=\"1MBps\" lat=\"0\"/>\n",
       5, "radical=\"0-2147483647\""},
      {"<cluster id=\"c\" prefix=\"n\" suffix=\"\" radical=\"2147483647\" speed=\"1Gf\" bw=\"1MBps\" lat=\"0\"/>\n", 5,
       "radical=\"2147483647\""},
      {"<cluster id=\"c\" prefix=\"n\" suffix=\"\" radical=\"99999999999\" speed=\"1Gf\" bw=\"1MBps\" lat=\"0\"/>\n", 5,
       "radical=\"99999999999\""},
      {kDevices + "<link id=\"m\" bandwidth=\"0\"/>\n", 8, "bandwidth=\"0\""},
      {kDevices + "<link id=\"m\" bandwidth=\"1MBps\" latency=\"-1ms\"/>\n", 8, "latency=\"-1ms\""},
      {kDevices + "<link id=\"m\" bandwidth=\"1MBps\">" + prop("wattage_range", "1") + "</link>\n", 8, "wattage_range"},
      {kDevices + host(prop("memory", "512")), 8, "memory=\"512\""},
      {kDevices + host(prop("memory", "512Mb")), 8, "memory=\"512Mb\""},
      {kDevices + host(prop("memory_bandwidth", "-1GBps")), 8, "memory_bandwidth"},
      {kDevices + host(prop("step_overhead", "2")), 8, "step_overhead"},
      {kDevices + host(prop("price", "0.2")), 8, "price=\"0.2\""},
      {kDevices + host(prop("traffic_price", "1USD/h")), 8, "traffic_price"},
      {kDevices + host(prop("split", "1.5")), 8, "split=\"1.5\""},
      {kDevices + host(prop("role", "boss")), 8, "role=\"boss\""},
      {kDevices + host(prop("battery", "full")), 8, "battery"},
      {kDevices + host(prop("wattage_per_state", "1")), 8, "wattage_per_state"},
      {kDevices + host(prop("wattage_per_state", "1:2,3:4")), 8, "wattage_per_state"},
      {kDevices + host(prop("wattage_off", "none")), 8, "wattage_off"},
      {kDevices + host(prop("memroy", "1GiB")), 8, "property \"memroy\""},
      {kDevices + host(prop("kind", "a") + prop("kind", "b")), 8, "for the second time"},
      {"<host id=\"a\" speed=\"1Gf\" core=\"0\"/>\n", 5, "core=\"0\""},
      {"<host id=\"a\" speed=\"1Gf\" state_file=\"nowhere.txt\"/>\n", 5, "nowhere.txt"},
      {"<host id=\"a\" speed=\"1Gf\" state_file=\"/dev/null\"/>\n", 5, "absolute path"},
      {kDevices + "<host_link id=\"a-1\" up=\"k\" down=\"l\"/>\n", 8, "link \"k\""},
      {kDevices + "<host_link id=\"b\" up=\"l\" down=\"l\"/>\n", 8, "host \"b\""},
      {kDevices + "<trace_connect trace=\"t\" element=\"a-1\"/>\n", 8, "trace=\"t\""},
      {kDevices + "<trace id=\"t\" periodicity=\"0\">\n2 0\n1 1\n</trace>\n"
                  "<trace_connect trace=\"t\" element=\"a-1\"/>\n",
       10, "date 1 after 2"},
      {kDevices + "<trace id=\"t\" periodicity=\"0\">\n0 0\n</trace>\n"
                  "<trace_connect kind=\"LINK_AVAIL\" trace=\"t\" element=\"l\"/>\n",
       11, "LINK_AVAIL"},
  };
  for (const Row& row : rows) {
    const auto mistakes = mistakes_of(write_platform(row.content));
    INFO(row.content);
    REQUIRE(mistakes.size() == 1);
    INFO(to_string(mistakes[0]));
    CHECK(mistakes[0].line == row.line);
    CHECK_THAT(mistakes[0].found, ContainsSubstring(row.found));
    CHECK_FALSE(mistakes[0].allowed.empty());
  }
}

TEST_CASE("all mistakes of a file are told at once, in its order") {
  const auto mistakes =
      mistakes_of(write_platform(kDevices + host(prop("memory", "1") + prop("price", "2")) +
                                 "<host id=\"a-4\" speed=\"x\"/>\n<link id=\"m\" bandwidth=\"no\"/>\n"));
  REQUIRE(mistakes.size() == 4);
  CHECK(std::is_sorted(mistakes.begin(), mistakes.end(),
                       [](const Mistake& a, const Mistake& b) { return a.line < b.line; }));
}

TEST_CASE("the same mistake on many lines is told once, with their number") {
  std::string hosts;
  for (int i = 0; i < 200; ++i)
    hosts += fmt::format("<host id=\"h-{}\" speed=\"1Gf\">{}</host>\n", i, prop("memory", i == 7 ? "2" : "1"));
  const auto mistakes = mistakes_of(write_platform(kDevices + hosts));
  REQUIRE(mistakes.size() == 2);
  CHECK(mistakes[0].found == "memory=\"1\", and the same on 198 more lines");
  CHECK(mistakes[1].found == "memory=\"2\"");
  CHECK(mistakes[1].line == mistakes[0].line + 7);
  const auto few = mistakes_of(write_platform(kDevices + host(prop("memory", "1") + "\n" + prop("memory", "1"))));
  CHECK(few.size() == 2);
}

TEST_CASE("a price in another currency says how to write it") {
  const auto mistakes = mistakes_of(write_platform(kDevices + host(prop("price", "0.34EUR/h"))));
  REQUIRE(mistakes.size() == 1);
  CHECK_THAT(mistakes[0].allowed, ContainsSubstring("USD/h (another currency: write USD, and read your own)"));
}

TEST_CASE("an unknown routing is named with what is known") {
  const auto mistakes = mistakes_of(write_platform(kDevices, "Dijkstr"));
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].line == 4);
  CHECK_THAT(mistakes[0].allowed, ContainsSubstring("Dijkstra"));
}

TEST_CASE("SimGrid's Dijkstra crashes over a device without a route, so it is refused before") {
  const auto mistakes = mistakes_of(
      write_platform("<host id=\"a\" speed=\"1Gf\"/>\n<host id=\"b\" speed=\"1Gf\"/>\n<host id=\"c\" speed=\"1Gf\"/>\n"
                     "<link id=\"l\" bandwidth=\"1MBps\" latency=\"1ms\"/>\n"
                     "<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/></route>\n",
                     "Dijkstra"));
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].line == 7);
  CHECK_THAT(mistakes[0].found, ContainsSubstring("no route from c to any"));
}

TEST_CASE("a file that is no platform file is refused as such") {
  CHECK_THAT(to_string(mistakes_of("/nowhere/platform.xml").at(0)), ContainsSubstring("/nowhere/platform.xml"));
  const std::string file = write_platform("");
  std::ofstream(file) << "not XML";
  CHECK(mistakes_of(file).at(0).line == 1);
  std::ofstream(file) << "<scenario/>";
  CHECK_THAT(mistakes_of(file).at(0).found, ContainsSubstring("<scenario>"));
  std::ofstream(file)
      << "<!DOCTYPE platform SYSTEM \"x\" [<!ENTITY e SYSTEM \"/etc/passwd\">]><platform>&e;</platform>";
  CHECK_FALSE(mistakes_of(file).empty());
}

TEST_CASE("elements that would change the simulation behind the scenario's back are refused") {
  const std::string file = write_platform("");
  std::ofstream(file)
      << "<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
         "<platform version=\"4.1\">\n<config id=\"c\"><prop id=\"network/model\" value=\"LV08\"/></config>\n"
         "<zone id=\"z\" routing=\"Cluster\">" +
             kDevices + kLinks + "</zone>\n</platform>\n";
  const auto mistakes = mistakes_of(file);
  REQUIRE(mistakes.size() == 1);
  CHECK(mistakes[0].line == 4);
}
