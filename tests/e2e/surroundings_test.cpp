// A full disk, a folder that vanishes, a clock that jumps: what a program meets on a real computer.
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "sim/record/store.hpp"
#include "tests/e2e/folder_watch.hpp"
#include "tests/e2e/program.hpp"
#include "tests/e2e/small_disk.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;
namespace fs = std::filesystem;

namespace {

// Two methods, one after the other.
std::vector<std::string> short_run(const std::string& folder, int rounds = 4) {
  return {"run",
          input("two-methods.xml"),
          "--set",
          "training.rounds=" + std::to_string(rounds),
          "-j",
          "1",
          "--checkpoint-every",
          "1",
          "-o",
          folder};
}

std::vector<std::string> resumed(std::vector<std::string> arguments) {
  arguments.push_back("--resume");
  return arguments;
}

// Every line of the one is in the other.
bool is_part_of(const std::string& part, const std::string& whole) {
  std::istringstream lines(part);
  std::string line;
  while (std::getline(lines, line))
    if (whole.find(line + "\n") == std::string::npos) return false;
  return true;
}

// The tables of results on a disk that others see; SQLite would look for them on ours.
std::map<std::string, std::string> tables_on(const SmallDisk& disk, const std::string& results) {
  const TemporaryFolder copy;
  for (const auto& entry : fs::directory_iterator(disk.from_outside(results)))
    if (entry.path().filename().string().find("run.sqlite") == 0 && entry.path().extension() != ".sqlite-shm")
      fs::copy_file(entry.path(), copy.path() / entry.path().filename());
  return tables_of(copy.path().string());
}

void close_output() {
  close(STDOUT_FILENO);
}

void close_all() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) close(number);
}

void lose_the_reader_of_output() {
  int ends[2];
  if (pipe(ends) != 0) _exit(126);
  dup2(ends[1], STDOUT_FILENO);
  close(ends[0]);
  close(ends[1]);
}

// A write lock on a store, held by this process.
class Lock {
 public:
  explicit Lock(const std::string& store) {
    if (sqlite3_open(store.c_str(), &database_) != SQLITE_OK ||
        sqlite3_exec(database_, "PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE", nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error("no lock on " + store);
  }
  ~Lock() { sqlite3_close(database_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  sqlite3* database_ = nullptr;
};

void wait_for_a_round(FolderWatch& watch, Program& program) {
  while (!program.has_ended()) {
    const auto event = watch.next(100);
    if (event && event->file.find(".checkpoint") != std::string::npos) return;
  }
}

}  // namespace

TEST_CASE("a full disk ends a run with a message, and with room again it goes on to the same results") {
  const TemporaryFolder folder;
  fs::create_directory(folder.file("disk"));
  const SmallDisk disk(folder.file("disk"), 8 << 20);
  if (!disk.refused().empty()) {
    WARN("not tested: " << disk.refused());
    return;
  }
  const auto enter = [&] { disk.enter(); };
  const std::string results = folder.file("disk/r"), filler = disk.from_outside(folder.file("disk/filler"));
  REQUIRE(msfusion_program(short_run(folder.file("whole"), 60)).code == 0);

  std::ofstream(filler) << std::string((8 << 20) - 400000, 'x');
  const Ended full = msfusion_program(short_run(results, 60), enter);
  INFO(full.out << full.err);
  CHECK(full.code == 1);
  CHECK_THAT(full.err, ContainsSubstring("the disk is full; free some space, then resume") ||
                           ContainsSubstring("No space left on device"));
  const auto whole = tables_of(folder.file("whole"));
  for (const auto& [name, table] : tables_on(disk, results)) {
    INFO(name);
    if (name != "runs") CHECK(is_part_of(table, whole.at(name)));
  }

  fs::remove(filler);
  const Ended again = msfusion_program(resumed(short_run(results, 60)), enter);
  INFO(again.out << again.err);
  CHECK(again.code == 0);
  CHECK(tables_on(disk, results) == whole);
}

TEST_CASE("a read-only folder is refused, and its results can be read") {
  const TemporaryFolder folder;
  fs::create_directory(folder.file("disk"));
  const SmallDisk disk(folder.file("disk"), 8 << 20);
  if (!disk.refused().empty()) {
    WARN("not tested: " << disk.refused());
    return;
  }
  const auto enter = [&] { disk.enter(); };
  const std::string results = folder.file("disk/r");
  REQUIRE(msfusion_program(short_run(results), enter).code == 0);
  const auto tables = tables_on(disk, results);
  REQUIRE(disk.make_read_only());

  for (const auto& arguments : {short_run(results), resumed(short_run(results)), short_run(folder.file("disk/new"))}) {
    const Ended run = msfusion_program(arguments, enter);
    INFO(run.out << run.err);
    CHECK(run.code == 1);
    CHECK_THAT(run.err, ContainsSubstring("Read-only file system") && ContainsSubstring("-o DIR"));
  }
  const Ended compared = msfusion_program({"compare", results}, enter);
  INFO(compared.err);
  CHECK(compared.code == 0);
  CHECK_THAT(compared.out, ContainsSubstring("fedavg"));
  CHECK(tables_on(disk, results) == tables);
}

TEST_CASE("a folder that vanishes ends the runs with a message, and does not come back") {
  const TemporaryFolder folder;
  const std::string results = folder.file("r");
  fs::create_directories(results + "/checkpoints");
  FolderWatch watch({results + "/checkpoints"});
  Program program(short_run(results, 2000));
  wait_for_a_round(watch, program);
  fs::rename(results, folder.file("elsewhere"));  // at once, unlike a removal
  const Ended ended = program.wait();
  INFO(ended.out << ended.err);
  CHECK(ended.code == 1);
  CHECK_THAT(ended.err, ContainsSubstring("removed"));
  CHECK_FALSE(fs::exists(results));
  const StoreReader store(folder.file("elsewhere/run.sqlite"));
  CHECK(store.rounds(0).size() + store.rounds(1).size() > 0);  // either run may have been the first
}

TEST_CASE("two programs do not write into one folder") {
  const TemporaryFolder folder;
  const std::string results = folder.file("r");
  REQUIRE(msfusion_program(short_run(folder.file("whole"), 12)).code == 0);
  fs::create_directories(results + "/checkpoints");
  FolderWatch watch({results + "/checkpoints"});
  Program first(short_run(results, 12));
  wait_for_a_round(watch, first);
  first.signal(SIGSTOP);  // so that it is still there however slow the computer is
  for (const auto& arguments : {short_run(results, 12), resumed(short_run(results, 12))}) {
    const Ended second = msfusion_program(arguments);
    CHECK(second.code == 1);
    CHECK_THAT(second.err, ContainsSubstring("another msfusion is writing its results there"));
  }
  first.signal(SIGCONT);
  CHECK(first.wait().code == 0);
  CHECK(tables_of(results) == tables_of(folder.file("whole")));
}

TEST_CASE("a store that another process locks for a moment is waited for") {
  const TemporaryFolder folder;
  const std::string results = folder.file("r");
  REQUIRE(msfusion_program(short_run(folder.file("whole"))).code == 0);
  fs::create_directories(results + "/checkpoints");
  FolderWatch watch({results + "/checkpoints"});
  Program program(short_run(results));
  wait_for_a_round(watch, program);
  {
    const Lock lock(results + "/run.sqlite");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK_FALSE(program.has_ended());
  }
  CHECK(program.wait().code == 0);
  CHECK(tables_of(results) == tables_of(folder.file("whole")));
}

// Waits as long as the program does, half a minute: not a part of the quick suite.
TEST_CASE("a store that another process keeps locked ends the runs with a message", "[.long]") {
  const TemporaryFolder folder;
  const std::string results = folder.file("r");
  REQUIRE(msfusion_program(short_run(folder.file("whole"))).code == 0);
  fs::create_directories(results + "/checkpoints");
  FolderWatch watch({results + "/checkpoints"});
  Program program(short_run(results));
  wait_for_a_round(watch, program);
  {
    const Lock lock(results + "/run.sqlite");
    const Ended ended = program.wait();
    INFO(ended.out << ended.err);
    CHECK(ended.code == 1);
    CHECK_THAT(ended.err, ContainsSubstring("another process holds a lock on it; end that process, then resume"));
  }
  CHECK(msfusion_program(resumed(short_run(results))).code == 0);
  CHECK(tables_of(results) == tables_of(folder.file("whole")));
}

TEST_CASE("a clock that jumps changes no result") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(short_run(folder.file("calm"))).code == 0);
  const Ended jumping = msfusion_program(short_run(folder.file("jumping")), [] {
    add_sanitizer_option("verify_asan_link_order=0");  // the clock comes before it
    setenv("LD_PRELOAD", MSFUSION_JUMPING_CLOCK, 1);
  });
  INFO(jumping.out << jumping.err);
  CHECK(jumping.code == 0);
  CHECK(tables_of(folder.file("jumping")) == tables_of(folder.file("calm")));
}

TEST_CASE("output that cannot be written ends with exit code 1, and the results are complete") {
  const TemporaryFolder folder;
  REQUIRE(msfusion_program(short_run(folder.file("whole"))).code == 0);
  const auto whole = tables_of(folder.file("whole"));
  int number = 0;
  for (void (*take_away)() : {&close_output, &close_all, &lose_the_reader_of_output}) {
    const std::string results = folder.file(std::to_string(++number));
    const Ended run = msfusion_program(short_run(results), take_away);
    INFO(number << run.err);
    CHECK(run.code == 1);
    if (take_away != &close_all) CHECK_THAT(run.err, ContainsSubstring("the output could not be written"));
    CHECK(tables_of(results) == whole);
    CHECK(fs::exists(results + "/report.html"));
  }
  CHECK(msfusion_program({"compare", folder.file("whole")}, &lose_the_reader_of_output).code == 1);
  CHECK(msfusion_program({"list", "methods"}, &close_output).code == 1);
}

TEST_CASE("without spare threads a run ends with a message, and does not hang") {
  if (geteuid() != 0) {
    WARN("not tested: only root may become another user, whose threads are counted");
    return;
  }
  const TemporaryFolder folder;
  fs::permissions(folder.path(), fs::perms::all);
  for (rlim_t threads = 1; threads <= 8; ++threads) {
    const Ended ended = msfusion_program(short_run(folder.file(std::to_string(threads))), [&] {
      constexpr uid_t kUserOfNone = 54321;
      const rlimit limit{threads, threads};
      if (setrlimit(RLIMIT_NPROC, &limit) != 0 || setgid(kUserOfNone) != 0 || setuid(kUserOfNone) != 0) _exit(99);
      alarm(60);  // a program that hangs ends by a signal
    });
    INFO(threads << ": " << ended.err);
    CHECK((ended.code == 0 || ended.code == 1));
    CHECK((ended.code == 0) == ended.err.empty());
  }
}
