// Messages as a wire carries them, by hand.
#include "sim/plan/framing.hpp"

#include "tests/platform/files.hpp"
#include "tests/support/catch.hpp"
#include "tests/timing/in_child.hpp"
#include "tests/timing/plans.hpp"

using namespace msfusion;
using nlohmann::json;

namespace {

/// Two devices on lines of 1 MB/s and 5 ms with a direction for each way; each line is 1 W idle and 3 W busy.
TimingOptions lines(const std::string& of_zone, const std::string& policy = "SPLITDUPLEX") {
  const auto link = [&](const std::string& id) {
    return "<link id=\"" + id + "\" bandwidth=\"1MBps\" latency=\"5ms\" sharing_policy=\"" + policy +
           "\"><prop id=\"wattage_range\" value=\"1:3\"/></link>\n";
  };
  const auto ends = [&](const std::string& id) {
    return policy == "SPLITDUPLEX" ? " up=\"" + id + "_UP\" down=\"" + id + "_DOWN\""
                                   : " up=\"" + id + "\" down=\"" + id + "\"";
  };
  TimingOptions options;
  options.platform_file = write_platform(
      of_zone + "<host id=\"a-0\" speed=\"1Gf\"/>\n<host id=\"a-1\" speed=\"1Gf\"/>\n" + link("l-0") + link("l-1") +
      "<host_link id=\"a-0\"" + ends("l-0") + "/>\n<host_link id=\"a-1\"" + ends("l-1") + "/>\n");
  return options;
}

const std::string kTcp = "<prop id=\"framing\" value=\"tcp\"/>\n";

Approx close(double value) {
  return Approx(value).epsilon(0).margin(1e-8);
}

/// Seconds, and of each node and link what the wire carried.
json sent(const TimingOptions& options, const std::vector<double>& messages) {
  PlanBuilder builder;
  for (const double bytes : messages) builder.transfer(0, 1, bytes);
  return in_child([&] {
    Timing timing(options);
    const TimedRound round = timing.execute(builder.plan);
    json all = {{"seconds", round.end_seconds}, {"payload", round.nodes[0].bytes_sent}};
    for (const NodeUse& use : round.nodes)
      all["wire"].push_back(use.wire_bytes_sent ? json(*use.wire_bytes_sent) : json(nullptr));
    for (const LinkUse& use : round.links)
      all["links"][use.name] = {use.bytes, use.wire_bytes ? json(*use.wire_bytes) : json(nullptr), use.joules};
    return all;
  });
}

}  // namespace

TEST_CASE("a message is its bytes and 66 more for each frame of 1448, and every second frame is acknowledged") {
  const Framing framing;
  CHECK(framing.segment_bytes() == 1448);
  CHECK(framing.sent_bytes(1) == 1 + 66);
  CHECK(framing.sent_bytes(1448) == 1448 + 66);
  CHECK(framing.sent_bytes(1449) == 1449 + 2 * 66);
  CHECK(framing.sent_bytes(1448 * 1000) == 1514 * 1000);
  CHECK(framing.acknowledgement_bytes(1) == 66);
  CHECK(framing.acknowledgement_bytes(3 * 1448) == 2 * 66);
  CHECK(framing.efficiency() == Approx(1448.0 / 1514));
  CHECK(Framing{576}.sent_bytes(524 + 1) == 525 + 2 * 66);
}

TEST_CASE("a framed transfer takes latency and the bytes of its frames, and both directions carry their part") {
  // 3000 bytes are 3 frames: 3198 bytes there, 2 acknowledgements of 66 bytes back.
  const json round = sent(lines(kTcp), {3000});
  CHECK(round["seconds"] == close(0.010 + 3198e-6));
  CHECK(round["payload"] == 3000);
  CHECK(round["wire"] == json{3198.0, 132.0});
  CHECK(round["links"]["l-0_UP"][0] == 3000);
  CHECK(round["links"]["l-0_UP"][1] == 3198);
  CHECK(round["links"]["l-1_DOWN"][1] == 3198);
  CHECK(round["links"]["l-1_UP"][0] == 0);
  CHECK(round["links"]["l-1_UP"][1] == 132);
  CHECK(round["links"]["l-0_DOWN"][1] == 132);
  // Busy for as long as frames take: 1 W for the round and 2 W more while it carries.
  CHECK(round["links"]["l-0_UP"][2].get<double>() == Approx(0.013198 * 1 + 2 * 3198e-6));
  CHECK(round["links"]["l-1_UP"][2].get<double>() == Approx(0.013198 * 1 + 2 * 132e-6));
}

TEST_CASE("on a line that both directions share, acknowledgements take their part of it") {
  // 132 bytes of them and 4344 + 198 of frames share 1 MB/s: equal latencies, equal shares until the smaller flow ends.
  const double frames = 3 * 1448 + 3 * 66, acknowledgements = 2 * 66;
  const json round = sent(lines(kTcp, "SHARED"), {3 * 1448});
  CHECK(round["seconds"] == close(0.010 + (frames + acknowledgements) * 1e-6));
}

TEST_CASE("many small messages cost a frame each") {
  const json round = sent(lines(kTcp), {40, 40, 40, 40});
  CHECK(round["payload"] == 160);
  CHECK(round["wire"] == json{4 * 106.0, 4 * 66.0});
  CHECK(round["seconds"] == close(0.010 + 4 * 106e-6));
}

TEST_CASE("without framing nothing is said of the wire, and nothing takes longer") {
  const json round = sent(lines(""), {3000});
  CHECK(round["seconds"] == close(0.010 + 3000e-6));
  CHECK(round["wire"][0].is_null());
  CHECK(round["links"]["l-0_UP"][1].is_null());
  CHECK_FALSE(round["links"].contains("l-1_UP"));
}

TEST_CASE("a smaller MTU has more frames") {
  const json round = sent(lines(kTcp + "<prop id=\"mtu\" value=\"576B\"/>\n"), {1048});
  CHECK(round["wire"] == json{1048 + 2 * 66.0, 66.0});
}

TEST_CASE("framing that contradicts the network model is refused") {
  TimingOptions options = lines(kTcp);
  options.network = TimingOptions::NetworkModel::lv08;
  CHECK_THROWS_WITH(sent(options, {1}), ContainsSubstring("LV08") && ContainsSubstring("framing"));
}
