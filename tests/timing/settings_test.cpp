// SimGrid's own settings, passed through.
#include "sim/base/error.hpp"
#include "sim/platform/platform_options.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using namespace msfusion;
using nlohmann::json;

namespace {

double end_with(const std::vector<std::string>& settings) {
  PlanBuilder builder;
  builder.transfer(0, 4, 3e6);  // to the server of star.xml: 10 ms, 1 MB/s
  TimingOptions options = on_platform("star.xml");
  options.simgrid = settings;
  return in_child([&] { return to_json(Timing(options).execute(builder.plan)); })["end"].get<double>();
}

std::string refusal_of(const std::string& setting) {
  TimingOptions options = on_platform("star.xml");
  options.simgrid = {setting};
  try {
    inspect_platform(options);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("settings of SimGrid's network model change a transfer's time as its documentation says") {
  CHECK(end_with({}) == Approx(0.010 + 3).margin(1e-8));
  CHECK(end_with({"network/bandwidth-factor:0.5"}) == Approx(0.010 + 6).margin(1e-8));
  CHECK(end_with({"network/latency-factor:10"}) == Approx(0.100 + 3).margin(1e-8));
  CHECK(end_with({"network/bandwidth-factor:0.5", "network/latency-factor:10"}) == Approx(0.100 + 6).margin(1e-8));
  CHECK(end_with({"contexts/stack-size:64"}) == Approx(0.010 + 3).margin(1e-8));
}

TEST_CASE("a setting that SimGrid does not know or take is the user's mistake") {
  CHECK_THAT(refusal_of("network/foo:1"), ContainsSubstring("simgrid=\"network/foo:1\" in <platform>") &&
                                              ContainsSubstring("Bad config key") && !ContainsSubstring("bmf/"));
  CHECK_THAT(refusal_of("network/bandwidth-factor:abc"), ContainsSubstring("network/bandwidth-factor:abc"));
}

TEST_CASE("the settings that change simulated times are those of SimGrid's models and their precision") {
  for (const char* setting :
       {"network/crosstraffic:yes", "cpu/model:Cas01", "surf/precision:1e-6", "maxmin/precision:1"})
    CHECK(changes_simulated_time(setting));
  for (const char* setting : {"contexts/stack-size:64", "tracing:yes", "networks/x:1", "path:network"})
    CHECK_FALSE(changes_simulated_time(setting));
}
