// Only where the program was built with MPI.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

using namespace msfusion;

namespace {

// Replaces the new process by mpirun, which starts the program three times.
std::function<void()> on_three_ranks(const std::vector<std::string>& arguments) {
  return [&arguments] {
    std::vector<std::string> words = {"mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "3", program_path()};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    execvp(pointers.front(), pointers.data());
    _exit(127);
  };
}

std::vector<RunRecord> runs_in(const std::string& folder) {
  try {
    return StoreReader(folder + "/run.sqlite").runs();
  } catch (const std::exception&) {
    return {};  // not there yet
  }
}

template <class Holds>
bool wait_until(Holds holds) {
  for (int tries = 0; tries < 1500; ++tries) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

std::vector<pid_t> children_of(pid_t parent) {
  const std::string id = std::to_string(parent);
  std::ifstream in("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; in >> child;) children.push_back(child);
  return children;
}

}  // namespace

TEST_CASE("results from three ranks are those of one process to the last bit") {
  const TemporaryFolder folder;
  const std::string scenario = GENERATE("tiny.xml", "encodings.xml", "selections.xml", "depth.xml");
  INFO(scenario);
  const std::vector<std::string> rounds = {"run", input(scenario), "--set", "training.rounds=4", "-o"};
  auto alone = rounds, together = rounds;
  alone.push_back(folder.file("alone"));
  together.push_back(folder.file("together"));
  REQUIRE(msfusion_program(alone).code == 0);
  const Ended ended = Program(together, on_three_ranks(together)).wait();
  INFO(ended.out << ended.err);
  REQUIRE(ended.code == 0);
  CHECK(tables_of(folder.file("together")) == tables_of(folder.file("alone")));
}

TEST_CASE("a lost rank ends the runs with their finished rounds kept") {
  const TemporaryFolder folder;
  const std::string results = folder.file("r");
  const std::vector<std::string> endless = {"run", input("tiny.xml"), "--set", "training.rounds=2000", "-o", results};
  Program program(endless, on_three_ranks(endless));
  REQUIRE(wait_until([&] { return rounds_in(results) >= 8; }));
  const std::vector<pid_t> ranks = children_of(program.id());
  REQUIRE(ranks.size() == 3);
  kill(ranks.back(), SIGKILL);
  CHECK(program.wait().code != 0);
  CHECK(wait_until([&] { return std::filesystem::exists(results + "/report.html"); }));
  CHECK(rounds_in(results) >= 8);
  for (const RunRecord& run : runs_in(results)) {
    CAPTURE(run.label, run.message);
    CHECK((run.state == "failed" || run.state == "interrupted" || run.state == "waiting"));
  }
}
