#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "sim/record/store.hpp"
#include "tests/e2e/program.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {
// Enough rounds that there is time to interrupt.
std::vector<std::string> long_run(const std::string& folder) {
  return {"run",
          input("tiny.xml"),
          "--set",
          "training.rounds=20",
          "--set",
          "seeds.values=1",
          "--checkpoint-every",
          "3",
          "-o",
          folder};
}

int rounds_recorded(const std::string& folder) {
  try {
    const StoreReader store(folder + "/run.sqlite");
    int rounds = 0;
    for (const RunRecord& run : store.runs()) rounds += static_cast<int>(store.rounds(run.run).size());
    return rounds;
  } catch (const std::exception&) {
    return 0;  // not there yet
  }
}

rlim_t taken_bytes(pid_t process) {
  std::istringstream pages(text_of("/proc/" + std::to_string(process) + "/statm"));
  rlim_t taken = 0;
  pages >> taken;
  return taken * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

void wait_for_rounds(const std::string& folder, int rounds) {
  for (int tries = 0; tries < 3000 && rounds_recorded(folder) < rounds; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
}
}  // namespace

TEST_CASE("an interrupted or killed run keeps its rounds and resumes to the same results") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(long_run(folder.file("whole"))).code == 0);
  const auto whole = tables_of(folder.file("whole"));

  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGKILL}) {
    const std::string name = folder.file("broken-" + std::to_string(number));
    Program program(long_run(name));
    wait_for_rounds(name, 12);
    program.signal(number);
    if (number == SIGINT) program.signal(number);  // as from timeout(1): to the process and to its group
    const Ended ended = program.wait();
    CHECK(ended.code == (number == SIGHUP ? 1 : 128 + number));
    if (number != SIGKILL) CHECK_THAT(ended.err, ContainsSubstring("interrupted; the finished rounds are in"));
    const int kept = rounds_recorded(name);
    CHECK(kept >= 12);
    CHECK(kept < 5 * 20);
    if (number != SIGKILL) CHECK(std::filesystem::exists(name + "/report.html"));

    auto resume = long_run(name);
    resume.push_back("--resume");
    const Ended resumed = msfusion_program(resume);
    INFO(resumed.out << resumed.err);
    REQUIRE(resumed.code == 0);
    CHECK(tables_of(name) == whole);
  }
}

TEST_CASE("a second Ctrl-C ends the program at once, and no finished round is lost") {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& name) {
    // Rounds of some seconds, of a model that is far larger than the others here.
    return std::vector<std::string>{"run",   input("two-methods.xml"),   "--set", "model.channels=64 64",
                                    "--set", "data.synthetic-side=32",   "--set", "training.rounds=2",
                                    "--set", "training.local-epochs=12", "-o",    folder.file(name)};
  };
  const std::string name = folder.file("broken");
  Program program(arguments("broken"));
  wait_for_rounds(name, 1);
  const int before = rounds_recorded(name);
  program.signal(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  REQUIRE_FALSE(program.has_ended());
  const auto asked = std::chrono::steady_clock::now();
  program.signal(SIGINT);
  const Ended ended = program.wait();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - asked;
  INFO(ended.out << ended.err);
  CHECK(ended.code == 130);
  CHECK(took.count() < 2);
  CHECK(rounds_recorded(name) >= before);
  for (const RunRecord& run : StoreReader(name + "/run.sqlite").runs()) CHECK(run.state != "running");
}

TEST_CASE("a run that crashes is reported with its cause and stops no other run") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(long_run(folder.file("whole"))).code == 0);
  const auto whole = tables_of(folder.file("whole"));
  const std::vector<std::pair<int, std::string>> ends = {{SIGSEGV, "Segmentation fault (a crash: please report it)"},
                                                         {SIGKILL, "Killed (perhaps out of memory)"}};
  for (const auto& [number, cause] : ends) {
    const std::string name = folder.file("crashed-" + std::to_string(number));
    Program program(long_run(name), [] { add_sanitizer_option("handle_segv=0"); });
    wait_for_rounds(name, 6);
    const std::vector<pid_t> runs = program.children();
    REQUIRE_FALSE(runs.empty());
    kill(runs.front(), number);
    const Ended ended = program.wait();
    INFO(ended.out << ended.err);
    CHECK(ended.code == 1);
    CHECK_THAT(ended.err, ContainsSubstring("failed: the process of this run was ended by " + cause));
    int failed = 0;
    for (const RunRecord& run : StoreReader(name + "/run.sqlite").runs()) {
      failed += run.state == "failed";
      CHECK((run.state == "failed" || run.state == "finished"));
      if (run.state == "failed") CHECK_THAT(run.message, ContainsSubstring(cause));
    }
    CHECK(failed == 1);
    CHECK_THAT(text_of(name + "/report.html"), ContainsSubstring(cause));

    auto resume = long_run(name);
    resume.push_back("--resume");
    CHECK(msfusion_program(resume).code == 0);
    CHECK(tables_of(name) == whole);
  }
}

TEST_CASE("a run that gets no more memory is reported with its cause and stops no other run") {
  const TemporaryFolder folder;
  const auto arguments = [&](const std::string& name) {
    auto words = long_run(folder.file(name));
    words.insert(words.end(), {"-j", "1"});
    return words;
  };
  REQUIRE(msfusion_program(arguments("whole")).code == 0);
  const std::string name = folder.file("starved");
  Program program(arguments("starved"));
  wait_for_rounds(name, 6);
  const std::vector<pid_t> processes = program.children();
  REQUIRE_FALSE(processes.empty());
  // What it has, and a little for its stack.
  const rlim_t most = taken_bytes(processes.front()) + (16 << 20);
  const rlimit limit{most, most};
  REQUIRE(prlimit(processes.front(), RLIMIT_AS, &limit, nullptr) == 0);
  const Ended ended = program.wait();
  INFO(ended.out << ended.err);
  CHECK(ended.code == 1);
  const std::string cause = "out of memory";
  int failed = 0;
  const StoreReader store(name + "/run.sqlite");
  for (const RunRecord& run : store.runs()) {
    failed += run.state == "failed";
    CHECK((run.state == "failed" || run.state == "finished"));
    if (run.state != "failed") continue;
    CHECK_THAT(run.message, StartsWith(cause));
    CHECK_FALSE(store.rounds(run.run).empty());
  }
  CHECK(failed == 1);
  CHECK_THAT(ended.err, ContainsSubstring("failed: " + cause));
  CHECK_THAT(text_of(name + "/report.html"), ContainsSubstring(cause));

  auto resume = arguments("starved");
  resume.push_back("--resume");
  CHECK(msfusion_program(resume).code == 0);
  CHECK(tables_of(name) == tables_of(folder.file("whole")));
}

TEST_CASE("a run cannot be resumed with another scenario, and the difference is shown") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program({"run", input("tiny.xml"), "--set", "training.batch=4", "-o", folder.file("r")}).code == 0);
  const Ended changed =
      msfusion_program({"run", input("tiny.xml"), "--set", "training.batch=8", "-o", folder.file("r"), "--resume"});
  CHECK(changed.code == 2);
  CHECK_THAT(changed.err, ContainsSubstring("batch=\"8\"") && ContainsSubstring("batch=\"4\""));
}
