// Sums that devices form among themselves, timed as flows over slow links.
#include <algorithm>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

TEST_CASE("a ring of GPT-2 medium takes what the formula says: 2 (K - 1) turns of a chunk over the slow link") {
  const TemporaryFolder folder;
  const std::string scenario = source_file("scenarios/slow-links-gpt2-cost.xml");
  const auto plan_of = [&](const std::string& name, const std::vector<std::string>& settings) {
    std::vector<std::string> arguments = {"plan", scenario, "-o", folder.file(name)};
    for (const std::string& setting : settings) arguments.insert(arguments.end(), {"--set", setting});
    const Ended plan = msfusion_program(arguments);
    INFO(plan.out << plan.err);
    REQUIRE(plan.code == 0);
    return StoreReader(folder.file(name + "/run.sqlite"));
  };
  constexpr int kLocalSgd = 1, kStreaming = 3, kPlaces = 4;
  constexpr double kBytesPerSecond = 100e6 / 8, kLatency = 0.05;
  const StoreReader ring = plan_of("ring", {"methods.method[data-parallel].rounds=1"});
  const double model = 4.0 * static_cast<double>(ring.runs()[kLocalSgd].model_parameters);
  CHECK(model > 4 * 350e6);
  const StoreReader alone =
      plan_of("alone", {"methods.method[data-parallel].rounds=1", "methods.method[local SGD].exchange=none",
                        "methods.method[local SGD].merge=none"});
  const double training = alone.rounds(kLocalSgd).front().end_seconds;
  const RoundRecord round = ring.rounds(kLocalSgd).front();
  CHECK(round.bytes_sent == 2 * (kPlaces - 1) * model);
  const double turn = model / kPlaces / kBytesPerSecond + kLatency;
  CHECK(round.end_seconds == Approx(training + 2 * (kPlaces - 1) * turn).epsilon(1e-6));
  const StoreReader tree =
      plan_of("tree", {"methods.method[data-parallel].rounds=1", "methods.method[local SGD].all-reduce=tree"});
  CHECK(tree.rounds(kLocalSgd).front().bytes_sent == 2 * (kPlaces - 1) * model);
  // The root's link carries two whole sums at a time: 4 / 100 Mbit/s up to it, the deepest place one hop more each way.
  CHECK(tree.rounds(kLocalSgd).front().end_seconds > round.end_seconds);
  // A fragment travels beside computing: a round is as long as the longer of both.
  const std::vector<RoundRecord> streamed = ring.rounds(kStreaming);
  REQUIRE(streamed.size() == 4);
  double bytes = 0;
  for (const RoundRecord& one : streamed) bytes += one.bytes_sent;
  CHECK(bytes < 2 * (kPlaces - 1) * model);  // three of the four fragments: the last one's round is not there
  CHECK(streamed[1].bytes_sent > 0);
  const double longest =
      2 * (kPlaces - 1) * (streamed[1].bytes_sent / (2 * (kPlaces - 1)) / kPlaces / kBytesPerSecond + kLatency);
  CHECK(streamed[1].end_seconds - streamed[1].start_seconds ==
        Approx(std::max(longest, streamed[0].end_seconds)).epsilon(1e-6));
}
