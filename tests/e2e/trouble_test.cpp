// Every method under every kind of trouble, whole and killed and resumed.
#include <algorithm>

#include "sim/record/store.hpp"
#include "tests/e2e/folder_watch.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

constexpr int kRounds = 4;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct Trouble {
  const char* name;
  std::string constraints;        // of the scenario
  bool churn = false;             // phones that come and go
  std::vector<const char*> free;  // methods that the constraint does not exist for
};

// every-method.xml with that trouble, in a folder of its own.
void write_scenario(const TemporaryFolder& folder, const Trouble& trouble) {
  std::string platform = text_of(input("platform.xml")), scenario = text_of(input("every-method.xml"));
  if (trouble.churn) {
    folder.write("phone-1.txt", "PERIODICITY 0.11\n0 1\n0.05 0\n0.08 1\n");
    folder.write("phone-3.txt", "PERIODICITY 0.07\n0 1\n0.03 0\n0.05 1\n");
    for (const std::string phone : {"phone-1", "phone-3"})
      platform = replaced(platform, "id=\"" + phone + "\"", "id=\"" + phone + "\" state_file=\"" + phone + ".txt\"");
  }
  for (const std::string name : trouble.free) {
    const std::size_t at = scenario.find("<method name=\"" + name + "\"");
    REQUIRE(at != std::string::npos);
    scenario.erase(at, scenario.find("/>", at) + 2 - at);
  }
  folder.write("platform.xml", platform);
  folder.write("s.xml", replaced(scenario, "<evaluation ", trouble.constraints + "<evaluation "));
}

std::vector<std::string> words(const TemporaryFolder& folder, const std::string& results, bool resume) {
  std::vector<std::string> all = {"run",
                                  folder.file("s.xml"),
                                  "--set",
                                  "training.rounds=" + std::to_string(kRounds),
                                  "-j",
                                  "2",
                                  "--checkpoint-every",
                                  "1",
                                  "-o",
                                  folder.file(results)};
  if (resume) all.push_back("--resume");
  return all;
}

// Kills the program after so many checkpoints, whosever they are; whether it was still there.
bool killed_after(const TemporaryFolder& folder, const std::string& results, bool resume, int checkpoints) {
  const std::string watched = folder.file(results + "/checkpoints");
  fs::create_directories(watched);
  FolderWatch watch({watched});
  Program program(words(folder, results, resume));
  while (!program.has_ended()) {
    const auto event = watch.next(100);
    if (!event || event->file.find(".checkpoint") == std::string::npos || --checkpoints > 0) continue;
    program.kill_all();
    program.wait();
    return true;
  }
  return false;
}

void check(const Trouble& trouble, int checkpoints_between_kills) {
  INFO(trouble.name);
  const TemporaryFolder folder;
  write_scenario(folder, trouble);
  const Ended whole = msfusion_program(words(folder, "whole", false));
  INFO(whole.out << whole.err);
  REQUIRE(whole.code == 0);
  const StoreReader store(folder.file("whole/run.sqlite"));
  int lost = 0;
  for (const RunRecord& run : store.runs()) {
    INFO(run.label);
    CHECK(run.state == "finished");
    for (const DeviceRoundRecord& device : store.device_rounds(run.run)) lost += device.fate != "done";
    const auto wall = store.wall(run.run);
    CHECK(std::any_of(wall.begin(), wall.end(), [](const WallRecord& round) { return round.merge_seconds > 0; }));
  }
  CHECK(lost > 0);  // there was trouble
  bool resume = false;
  int kills = 0;
  while (kills < 10 && killed_after(folder, "killed", resume, checkpoints_between_kills)) {
    resume = true;
    ++kills;
  }
  CHECK(kills > 0);
  const Ended resumed = msfusion_program(words(folder, "killed", true));
  INFO(resumed.out << resumed.err);
  REQUIRE(resumed.code == 0);
  CHECK(tables_of(folder.file("killed")) == tables_of(folder.file("whole")));
}

std::vector<Trouble> troubles() {
  const std::vector<const char*> asynchronous = {"fedasync", "fedbuff"};
  return {{"loss", "<constraints message-loss=\"0.3\"/>", false, {}},
          {"churn", "", true, {}},
          {"deadline", "<constraints close=\"deadline\" deadline=\"60ms\"/>", false, asynchronous},
          {"quorum",
           "<constraints close=\"quorum\" quorum=\"0.5\"/>",
           false,
           {"fedasync", "fedbuff", "streaming-diloco", "data-parallel"}}};
}

}  // namespace

TEST_CASE("every method copes with loss, churn, a deadline and a quorum, and resumes to the same results") {
  for (const Trouble& trouble : troubles()) check(trouble, 25);
}

TEST_CASE("every method in every trouble, killed ten times", "[.long]") {
  for (const Trouble& trouble : troubles()) check(trouble, 4);
}
