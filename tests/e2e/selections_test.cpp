// Selections in whole runs: however a run is carried out, it asks the same devices.
#include <signal.h>

#include <chrono>
#include <map>
#include <thread>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

std::vector<std::string> selections(const std::string& folder, int workers) {
  return {"run", input("selections.xml"), "-j", std::to_string(workers), "--checkpoint-every", "1", "-o", folder};
}

std::size_t rounds_of_oort(const std::string& folder) {
  try {
    const StoreReader store(folder + "/run.sqlite");
    for (const RunRecord& run : store.runs())
      if (run.label == "oort") return store.rounds(run.run).size();
    return 0;
  } catch (const std::exception&) {
    return 0;  // not there yet
  }
}

}  // namespace

TEST_CASE("selections give the same results with one and two workers, and after a kill, to the last bit") {
  const TemporaryFolder folder;
  const Ended one = msfusion_program(selections(folder.file("one"), 1));
  INFO(one.out << one.err);
  REQUIRE(one.code == 0);
  REQUIRE(msfusion_program(selections(folder.file("two"), 2)).code == 0);
  CHECK(tables_of(folder.file("two")) == tables_of(folder.file("one")));

  std::vector<std::string> killed = selections(folder.file("killed"), 2);
  {
    Program program(killed);
    while (!program.has_ended() && rounds_of_oort(folder.file("killed")) < 3)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    program.kill_all();
    program.wait();
  }
  REQUIRE(rounds_of_oort(folder.file("killed")) < rounds_of_oort(folder.file("one")));
  killed.push_back("--resume");
  REQUIRE(msfusion_program(killed).code == 0);
  CHECK(tables_of(folder.file("killed")) == tables_of(folder.file("one")));
}

TEST_CASE("what a round did not wait for is paid for and not merged") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(selections(folder.file("r"), 2)).code == 0);
  const StoreReader store(folder.file("r/run.sqlite"));
  for (const RunRecord& run : store.runs()) {
    if (run.label != "over-selection") continue;
    for (const RoundRecord& round : store.rounds(run.run)) {
      CHECK(round.participants == 5);
      CHECK(round.completed == 3);
    }
    int late = 0;
    for (const DeviceRoundRecord& device : store.device_rounds(run.run)) {
      if (device.fate != "late") continue;
      ++late;
      CHECK_FALSE(device.loss.has_value());
      CHECK(device.bytes_received > 0);
      CHECK(device.joules > 0);
    }
    CHECK(late == 7 * 2);
  }
}

TEST_CASE(
    "a recost draws the same from what devices told, and a plan knows the first draw of a selection that learns") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(selections(folder.file("r"), 2)).code == 0);
  const Ended plan = msfusion_program({"plan", input("selections.xml"), "-o", folder.file("p")});
  INFO(plan.err);
  REQUIRE(plan.code == 0);
  CHECK_THAT(plan.out, ContainsSubstring("selection=\"oort\" draws by what devices have learnt"));
  const Ended recost =
      msfusion_program({"recost", folder.file("r"), "--set", "prices.energy=0.3USD/kWh", "-o", folder.file("again")});
  INFO(recost.err);
  REQUIRE(recost.code == 0);
  const StoreReader trained(folder.file("r/run.sqlite")), again(folder.file("again/run.sqlite")),
      planned(folder.file("p/run.sqlite"));
  std::map<std::string, std::size_t> rounds;
  for (const RunRecord& run : trained.runs()) {
    INFO(run.label);
    const auto then = trained.selections(run.run), now = again.selections(run.run);
    REQUIRE(now.size() == then.size());
    CHECK(then.empty() == (run.label == "uniform" || run.label == "over-selection"));
    for (std::size_t i = 0; i < then.size(); ++i) {
      CHECK(now[i].device == then[i].device);
      CHECK(now[i].told == then[i].told);
      CHECK(now[i].score == then[i].score);
    }
    CHECK(again.fairness(run.run).size() == 3);
    rounds[run.label] = planned.rounds(run.run).size();
    CHECK(planned.rounds(run.run).front().bytes_sent == trained.rounds(run.run).front().bytes_sent);
  }
  CHECK(rounds["oort"] == 1);
  CHECK(rounds["pow-d"] == 1);
  CHECK(rounds["tifl"] == 1);
  CHECK(rounds["static tifl"] == 7);
  CHECK(rounds["fedcs"] == 7);
  CHECK_THAT(text_of(folder.file("r/report.html")), ContainsSubstring("Who was asked how often"));
}
