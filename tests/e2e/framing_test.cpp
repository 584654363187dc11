// Runs on a platform whose network carries messages in TCP's frames.
#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::string framed_platform(const TemporaryFolder& folder) {
  std::string text = text_of(input("platform.xml"));
  const std::string zone = "routing=\"Floyd\">";
  return folder.write("framed.xml", text.insert(text.find(zone) + zone.size(), "<prop id=\"framing\" value=\"tcp\"/>"));
}

Ended plan(const TemporaryFolder& folder, const std::string& out, const std::vector<std::string>& settings) {
  std::vector<std::string> words = {"plan", input("tiny.xml"), "-o", folder.file(out), "--set", "seeds.values=1"};
  for (const std::string& setting : settings) words.insert(words.end(), {"--set", setting});
  return msfusion_program(words);
}

}  // namespace

TEST_CASE("framed messages cost their headers in time, in what the store says of the wire, and in money where asked") {
  const TemporaryFolder folder;
  const std::string framed = "platform.file=" + framed_platform(folder);
  REQUIRE(plan(folder, "plain", {}).code == 0);
  const Ended said = plan(folder, "framed", {framed});
  REQUIRE(said.code == 0);
  CHECK_THAT(said.out, ContainsSubstring("on the wire"));
  REQUIRE(plan(folder, "paid", {framed, "prices.traffic-counts=wire"}).code == 0);
  const StoreReader plain(folder.file("plain/run.sqlite")), wire(folder.file("framed/run.sqlite")),
      paid(folder.file("paid/run.sqlite"));
  for (const RunRecord& run : wire.runs()) {
    const RoundRecord before = plain.rounds(run.run).back(), now = wire.rounds(run.run).back(),
                      bill = paid.rounds(run.run).back();
    CHECK_FALSE(before.wire_bytes_sent.has_value());
    CHECK(now.bytes_sent == before.bytes_sent);
    CHECK(now.end_seconds > before.end_seconds);
    REQUIRE(now.wire_bytes_sent.has_value());
    CHECK(*now.wire_bytes_sent > 1.04 * now.bytes_sent);
    CHECK(*now.wire_bytes_sent < 2 * now.bytes_sent);
    // 0.1 USD a GB, of what the headers are; everything else costs the same.
    CHECK(*bill.usd - *now.usd == Approx(0.1 * (*now.wire_bytes_sent - now.bytes_sent) / 1e9));
    double of_devices = 0;
    for (const DeviceRoundRecord& device : wire.device_rounds(run.run))
      if (device.round == now.round) of_devices += device.wire_bytes_sent.value();
    CHECK(of_devices <= *now.wire_bytes_sent);
    for (const LinkRoundRecord& link : wire.links(run.run)) CHECK(link.wire_bytes.value() > link.bytes);
  }
}

TEST_CASE("money for the wire where no frame is counted is a mistake") {
  const TemporaryFolder folder;
  const Ended refused = plan(folder, "p", {"prices.traffic-counts=wire"});
  CHECK(refused.code == 2);
  CHECK_THAT(refused.err, ContainsSubstring("traffic-counts") && ContainsSubstring("framing"));
}
