// Encoded messages in whole runs: however a run is carried out, its results are the same.
#include <signal.h>

#include <chrono>
#include <thread>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::vector<std::string> encodings(const std::string& folder, int workers) {
  return {"run", input("encodings.xml"), "-j", std::to_string(workers), "--checkpoint-every", "1", "-o", folder};
}

}  // namespace

TEST_CASE("encoded runs give the same results with one and two workers, and after a kill, to the last bit") {
  const TemporaryFolder folder;
  const Ended one = msfusion_program(encodings(folder.file("one"), 1));
  INFO(one.out << one.err);
  REQUIRE(one.code == 0);
  REQUIRE(msfusion_program(encodings(folder.file("two"), 2)).code == 0);
  CHECK(tables_of(folder.file("two")) == tables_of(folder.file("one")));

  std::vector<std::string> killed = encodings(folder.file("killed"), 2);
  {
    Program program(killed);
    while (!program.has_ended() && rounds_in(folder.file("killed")) < 12)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    program.kill_all();
    program.wait();
  }
  REQUIRE(rounds_in(folder.file("killed")) < rounds_in(folder.file("one")));
  killed.push_back("--resume");
  REQUIRE(msfusion_program(killed).code == 0);
  CHECK(tables_of(folder.file("killed")) == tables_of(folder.file("one")));
}

TEST_CASE("the store says what encodings saved and lost, a plan the same bytes, and a recost the same losses") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(encodings(folder.file("r"), 2)).code == 0);
  REQUIRE(msfusion_program({"plan", input("encodings.xml"), "-o", folder.file("p")}).code == 0);
  const StoreReader trained(folder.file("r/run.sqlite")), planned(folder.file("p/run.sqlite"));
  for (const RunRecord& run : trained.runs()) {
    INFO(run.label);
    const auto found = trained.encodings(run.run), costs = planned.encodings(run.run);
    REQUIRE(found.size() >= 5);
    REQUIRE(costs.size() == found.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].bytes == costs[i].bytes);
      CHECK(found[i].plain_bytes == costs[i].plain_bytes);
      CHECK_FALSE(costs[i].error.has_value());
      // Votes are encoded on their way down too, but to devices that lack the last model.
      if (run.label == "vote") continue;
      const bool is_coded = found[i].direction != "down" || run.choices.find("down") != std::string::npos;
      CHECK((found[i].bytes < found[i].plain_bytes) == is_coded);
      if (found[i].direction != "down") CHECK(found[i].error > 0);
    }
  }
  REQUIRE(
      msfusion_program({"recost", folder.file("r"), "--platform", input("platform.xml"), "-o", folder.file("again")})
          .code == 0);
  const StoreReader again(folder.file("again/run.sqlite"));
  for (const RunRecord& run : trained.runs()) {
    const auto found = trained.encodings(run.run), costed = again.encodings(run.run);
    REQUIRE(costed.size() == found.size());
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(costed[i].error == found[i].error);
  }
  CHECK_THAT(text_of(folder.file("r/report.html")), ContainsSubstring("What encodings saved"));
  CHECK_THAT(text_of(folder.file("r/report.html")), ContainsSubstring("powersgd"));
}
