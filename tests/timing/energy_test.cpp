#include <cmath>

#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using msfusion::in_child;
using msfusion::on_platform;
using msfusion::PlanBuilder;
using msfusion::Timing;
using msfusion::to_json;
using nlohmann::json;

namespace {

constexpr msfusion::NodeId kServer = 4;

Approx joules(double value) {
  return Approx(value).epsilon(1e-9);
}

}  // namespace

TEST_CASE("a device's joules are idle and busy power times time") {
  const json rounds = in_child([] {
    Timing timing(on_platform("star.xml"));
    PlanBuilder first(0), second(1);
    first.compute(0, 2e9);   // 2 s busy
    first.compute(1, 1e9);   // 1 s busy, 4 s idle
    first.compute(3, 5e9);   // makes the round 5 s long
    second.compute(3, 1e9);  // all others idle
    json result;
    result.push_back(to_json(timing.execute(first.plan)));
    result.push_back(to_json(timing.execute(second.plan)));
    return result;
  });
  CHECK(rounds[0]["nodes"][0][3] == joules(2 * 5 + 3 * 1));
  CHECK(rounds[0]["nodes"][1][3] == joules(1 * 6 + 4 * 1));
  CHECK(rounds[1]["nodes"][0][3] == joules(1));
  CHECK(rounds[1]["nodes"][1][3] == joules(1));
}

TEST_CASE("joules are absent where the platform states no power") {
  const json round = in_child([] {
    PlanBuilder builder;
    builder.transfer(2, kServer, 1e6, {builder.compute(2, 1e9)});
    return to_json(Timing(on_platform("star.xml")).execute(builder.plan));
  });
  CHECK(std::isnan(round["nodes"][2][3].get<double>()));
  CHECK(std::isnan(round["nodes"][kServer][3].get<double>()));
  CHECK(std::isnan(round["links"]["access-2"][1].get<double>()));
  CHECK_FALSE(std::isnan(round["nodes"][0][3].get<double>()));
}

TEST_CASE("a link's joules are idle power times time and busy power for the bytes") {
  const json round = in_child([] {
    PlanBuilder builder;
    builder.transfer(0, kServer, 3e6);  // 3 s of traffic in a round of 5 s, at 1 W idle and 3 W busy
    builder.transfer(3, kServer, 1e6);  // 1 s on one half, at 2 W idle and 4 W busy
    builder.compute(1, 5e9);
    return to_json(Timing(on_platform("star.xml")).execute(builder.plan));
  });
  CHECK(round["end"].get<double>() == Approx(5));
  CHECK(round["links"]["access-0"][0] == 3e6);
  CHECK(round["links"]["access-0"][1] == joules(5 * 1 + 3 * 2));
  CHECK(round["links"]["access-3_UP"][1] == joules(5 * 2 + 1 * 2));
  CHECK_FALSE(round["links"].contains("access-3_DOWN"));
  CHECK(round["links"]["access-server"][0] == 4e6);
}

TEST_CASE("bytes are counted where they leave and where they arrive") {
  const json round = in_child([] {
    return to_json(Timing(on_platform("star.xml")).execute(msfusion::star_round({0, 2}, kServer, 1e6, 1e9)));
  });
  CHECK(round["nodes"][0][1] == 1e6);
  CHECK(round["nodes"][0][2] == 1e6);
  CHECK(round["nodes"][1][1] == 0);
  CHECK(round["nodes"][kServer][1] == 2e6);
  CHECK(round["nodes"][kServer][2] == 2e6);
  CHECK(round["links"]["access-server"][0] == 4e6);
  CHECK(round["nodes"][0][0].get<double>() == Approx(1));
  CHECK(round["nodes"][2][0].get<double>() == Approx(0.5));
}
