// Platform files as other people write them: each kind is read, or refused with its line and the reason.
#include <fmt/format.h>

#include "sim/base/error.hpp"
#include "sim/timing/timing.hpp"
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
  CHECK(first_mistake(options_for("other-model.xml")) == "5: a <config> that sets network/model");
}

TEST_CASE("a <config> that changes no result is accepted") {
  CHECK(inspect_platform(options_for("harmless-config.xml")).size() == 2);
}

TEST_CASE(
    "the scenario names the server of a file that has none, and devices that only talk to it need no other route") {
  TimingOptions options = options_for("two-spokes.xml");
  CHECK(first_mistake(options) == "6: no route from a to b");
  options.server = "centre";
  options.among_devices = false;
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
