#include "sim/record/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/record/encoding.hpp"
#include "sim/record/format.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

namespace fs = std::filesystem;
using namespace msfusion;

namespace {

/// A folder that is gone after the test.
struct TemporaryFolder {
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "msfusion-record-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::permissions(path, fs::perms::owner_all, ignored);
    fs::remove_all(path, ignored);
  }
  std::string store() const { return (path / "run.sqlite").string(); }
  fs::path path;
};

RunRecord a_run(int run) {
  RunRecord record;
  record.run = run;
  record.method = record.label = "fedavg";
  record.seed = std::numeric_limits<std::uint64_t>::max();
  record.rounds = 3;
  record.state = "waiting";
  return record;
}

RoundResult a_round(int run, int round) {
  RoundResult result;
  result.round.run = run;
  result.round.round = round;
  result.round.start_seconds = round;
  result.round.end_seconds = round + 0.1;
  result.round.joules = 5;
  DeviceRoundRecord device;
  device.run = run;
  device.round = round;
  device.device = 2;
  device.slice = {{0, 4, 16, true}, {3, 2, 8, false}};
  device.start_seconds = 0.25;
  device.fate = "done";
  result.devices = {device};
  result.activities = {{run,
                        round,
                        2,
                        0.05,
                        0.01,
                        0.02,
                        0.005,
                        0.005,
                        0.01,
                        {{0, 0.02, false, false, true}, {0.02, 0.07, true, true, false}}}};
  result.critical_steps = {{run, round, 0, 2, 2, 0.5, 0.75}, {run, round, 1, 2, 3, 0.75, 1}};
  result.batteries = {{run, round, 2, 1234.5}};
  result.evaluation = EvaluationRecord{run, round, round + 0.1, 0.5, 1.5, 0.25, {}, {}};
  result.device_evaluations = {{run, round, 2, 0.25, 2.5}};
  result.coverage = {{run, round, "conv1", {0, 1, 256, 65535}}};
  result.links = {{run, round, "backbone", 1e9, {}}};
  result.warnings = {{run, round, "a \"warning\", with a comma"}};
  result.wall.run = run;
  result.wall.round = round;
  result.wall.round_seconds = 0.5;
  return result;
}

std::string read_error(const std::string& file) {
  try {
    StoreReader reader(file);
    for (const auto& run : reader.runs()) reader.rounds(run.run);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("what is written is what is read") {
  TemporaryFolder folder;
  auto writer = StoreWriter::create(folder.store(), {{"scenario", "quick"}}, {a_run(0), a_run(1)});
  writer.write_devices({{1, 2, "phone-2", "phone", false, 1e9, {}, 100, 3.6e4, 0.25, 0.75},
                        {1, 3, "cloud", "server", true, 1e12, 64e9, 0, {}, {}, {}}},
                       {{1, 2, 0, 8.5, false, 24.0}});
  writer.write_network({{1, "cell", 1e6, 0.01, {}, 2}, {1, "up-2", 2e6, 0.02, 2, {}}}, {{1, 2, "cell", ""}},
                       {{1, 1, 2}});
  writer.write_round(a_round(1, 0));
  writer.set_state(1, "failed", "loss diverged");
  writer.set_model(1, 123, 456);
  writer.set_meta("scenario", "quicker");

  const StoreReader reader(folder.store());
  CHECK(reader.meta() == MetaMap{{"id", reader.id()}, {"scenario", "quicker"}});
  REQUIRE(reader.runs().size() == 2);
  CHECK(reader.runs()[1].seed == std::numeric_limits<std::uint64_t>::max());
  CHECK(reader.runs()[1].state == "failed");
  CHECK(reader.runs()[1].message == "loss diverged");
  CHECK(reader.runs()[1].model_forward_macs == 456);
  REQUIRE(reader.devices(1).size() == 2);
  CHECK_FALSE(reader.devices(1)[0].memory_bytes.has_value());
  CHECK(reader.devices(1)[1].is_server);
  CHECK(reader.devices(1)[1].memory_bytes == 64e9);
  REQUIRE(reader.rounds(1).size() == 1);
  CHECK(reader.rounds(1)[0].end_seconds == 0.1);
  CHECK(reader.rounds(1)[0].joules == 5.0);
  CHECK_FALSE(reader.rounds(1)[0].usd.has_value());
  CHECK(reader.rounds(0).empty());
  REQUIRE(reader.device_rounds(1).size() == 1);
  CHECK(text_of(reader.device_rounds(1)[0].slice) == "0+4/16 ~3+2/8");
  CHECK_FALSE(reader.device_rounds(1)[0].loss.has_value());
  REQUIRE(reader.evaluations(1).size() == 1);
  CHECK(reader.evaluations(1)[0].submodel_accuracy == 0.25);
  CHECK_FALSE(reader.evaluations(1)[0].submodel_loss.has_value());
  REQUIRE(reader.coverage(1).size() == 1);
  CHECK(reader.coverage(1)[0].trained_by == std::vector<std::uint16_t>{0, 1, 256, 65535});
  CHECK(reader.device_evaluations(1).at(0).accuracy == 0.25);
  CHECK(reader.links(1).at(0).bytes == 1e9);
  CHECK(reader.devices(1)[0].battery_joules == 3.6e4);
  CHECK(reader.devices(1)[0].peer_y == 0.75);
  REQUIRE(reader.platform_links(1).size() == 2);
  CHECK_FALSE(reader.platform_links(1)[0].owner.has_value());
  CHECK(reader.platform_links(1)[0].nodes == 2);
  CHECK(reader.platform_links(1)[1].owner == 2);
  CHECK(reader.platform_links(1)[1].bandwidth_bytes_per_second == 2e6);
  CHECK(reader.joints(1).at(0).link == "cell");
  CHECK(reader.peers(1).at(0).peer == 2);
  CHECK(text_of(reader.activities(1, 0).at(0).spans) == "r:0:0.02 cs:0.02:0.07");
  CHECK(reader.activity_totals(1).at(0).compute == 0.05);
  CHECK(reader.activity_totals(1).at(0).off == 0.01);
  CHECK(reader.critical_steps(1, 0).at(1).receiver == 3);
  CHECK_FALSE(reader.state_events(1).at(0).is_on);
  CHECK(reader.state_events(1).at(0).period_seconds == 24.0);
  CHECK(reader.batteries(1).at(0).joules_left == 1234.5);
  CHECK(reader.wall(1).at(0).round_seconds == 0.5);
}

TEST_CASE("an unknown figure is NULL, never a number") {
  TemporaryFolder folder;
  auto writer = StoreWriter::create(folder.store(), {}, {a_run(0)});
  auto round = a_round(0, 0);
  round.round.joules = std::numeric_limits<double>::quiet_NaN();
  writer.write_round(round);
  CHECK_FALSE(StoreReader(folder.store()).rounds(0)[0].joules.has_value());

  auto wrong = a_round(0, 1);
  wrong.evaluation->global_accuracy = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH(writer.write_round(wrong),
                    ContainsSubstring("global_accuracy") && ContainsSubstring("round 1 of run 0"));
  CHECK(StoreReader(folder.store()).rounds(0).size() == 1);  // all of a round or nothing of it
}

TEST_CASE("result tables are equal for equal results, whatever the order and the wall clock") {
  TemporaryFolder one, other;
  {
    auto writer = StoreWriter::create(one.store(), {{"command", "a"}}, {a_run(0), a_run(1)});
    for (int run : {0, 1})
      for (int round : {0, 1, 2}) writer.write_round(a_round(run, round));
  }
  {
    auto writer = StoreWriter::create(other.store(), {{"command", "b"}}, {a_run(0), a_run(1)});
    for (int round : {0, 1, 2})
      for (int run : {1, 0}) {
        auto result = a_round(run, round);
        result.wall.round_seconds = 99;
        writer.write_round(result);
      }
  }
  const auto tables = StoreReader(one.store()).result_tables();
  CHECK(tables == StoreReader(other.store()).result_tables());
  CHECK(tables.count("wall") == 0);
  CHECK(tables.at("warnings") ==
        "run,round,text\n0,0,\"a \"\"warning\"\", with a comma\"\n0,1,\"a \"\"warning\"\", with a comma\"\n"
        "0,2,\"a \"\"warning\"\", with a comma\"\n1,0,\"a \"\"warning\"\", with a comma\"\n"
        "1,1,\"a \"\"warning\"\", with a comma\"\n1,2,\"a \"\"warning\"\", with a comma\"\n");
  CHECK_THAT(tables.at("axis_coverage"), ContainsSubstring("0,0,conv1,0 1 256 65535\n"));
}

TEST_CASE("a resume forgets the later rounds of its own run only") {
  TemporaryFolder folder;
  auto writer = StoreWriter::create(folder.store(), {}, {a_run(0), a_run(1)});
  for (int run : {0, 1})
    for (int round : {0, 1, 2}) writer.write_round(a_round(run, round));
  writer.write_warning({0, -1, "before the first round"});
  const auto before = StoreReader(folder.store()).result_tables();
  writer.forget_after(0, 0);
  const StoreReader reader(folder.store());
  CHECK(reader.rounds(0).size() == 1);
  CHECK(reader.device_rounds(0).size() == 1);
  CHECK(reader.wall(0).size() == 1);
  CHECK(reader.rounds(1).size() == 3);
  for (int round : {1, 2}) writer.write_round(a_round(0, round));
  CHECK(reader.result_tables() == before);
}

TEST_CASE("forked processes write their own runs into one store side by side") {
  TemporaryFolder folder;
  constexpr int kRuns = 4, kRounds = 40;
  std::vector<RunRecord> runs;
  for (int run = 0; run < kRuns; ++run) runs.push_back(a_run(run));
  StoreWriter::create(folder.store(), {}, runs);
  std::vector<pid_t> children;
  for (int run = 0; run < kRuns; ++run) {
    const pid_t child = fork();
    if (child == 0) {
      try {
        auto writer = StoreWriter::open(folder.store());
        for (int round = 0; round < kRounds; ++round) writer.write_round(a_round(run, round));
        _exit(0);
      } catch (...) {
        _exit(1);
      }
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
  }
  const StoreReader reader(folder.store());
  for (int run = 0; run < kRuns; ++run) CHECK(reader.rounds(run).size() == kRounds);
}

TEST_CASE("a killed writer leaves whole rounds") {
  TemporaryFolder folder;
  StoreWriter::create(folder.store(), {}, {a_run(0)});
  const pid_t child = fork();
  if (child == 0) {
    auto writer = StoreWriter::open(folder.store());
    for (int round = 0;; ++round) writer.write_round(a_round(0, round));
  }
  while (StoreReader(folder.store()).rounds(0).size() < 3) usleep(1000);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  const StoreReader reader(folder.store());
  REQUIRE_FALSE(reader.rounds(0).empty());
  CHECK(reader.rounds(0).size() == reader.evaluations(0).size());
  CHECK(reader.rounds(0).size() == reader.wall(0).size());
  StoreWriter::open(folder.store()).write_round(a_round(0, 1 << 20));
}

TEST_CASE("a store that cannot be written says why") {
  TemporaryFolder folder;
  SECTION("there is one already") {
    StoreWriter::create(folder.store(), {}, {});
    CHECK_THROWS_WITH(StoreWriter::create(folder.store(), {}, {}), ContainsSubstring("already there"));
  }
  SECTION("the folder does not exist") {
    CHECK_THROWS_WITH(StoreWriter::create((folder.path / "none" / "run.sqlite").string(), {}, {}),
                      ContainsSubstring("cannot be opened"));
  }
  SECTION("another process has locked it") {
    StoreWriter::create(folder.store(), {}, {a_run(0)});
    auto writer = StoreWriter::open(folder.store(), "", 50);
    SQLite::Database other(folder.store(), SQLite::OPEN_READWRITE);
    SQLite::Transaction lock(other, SQLite::TransactionBehavior::IMMEDIATE);
    CHECK_THROWS_WITH(writer.write_round(a_round(0, 0)), ContainsSubstring("another process holds a lock"));
  }
  SECTION("the round is already there") {
    auto writer = StoreWriter::create(folder.store(), {}, {a_run(0)});
    writer.write_round(a_round(0, 0));
    CHECK_THROWS_AS(writer.write_round(a_round(0, 0)), RunError);
    writer.write_round(a_round(0, 1));
  }
  SECTION("the file may not grow") {
    StoreWriter::create(folder.store(), {}, {a_run(0)});
    const pid_t child = fork();
    if (child == 0) {
      const rlimit no_more{static_cast<rlim_t>(fs::file_size(folder.store())), RLIM_INFINITY};
      signal(SIGXFSZ, SIG_IGN);
      setrlimit(RLIMIT_FSIZE, &no_more);
      try {
        auto writer = StoreWriter::open(folder.store());
        for (int round = 0; round < 100; ++round) writer.write_round(a_round(0, round));
        _exit(0);
      } catch (const RunError& error) {
        _exit(std::string(error.what()).find("write round") != std::string::npos ? 7 : 8);
      }
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WEXITSTATUS(status) == 7);
    CHECK_NOTHROW(StoreWriter::open(folder.store()).write_round(a_round(0, 1000)));
  }
  SECTION("the file was removed") {
    auto writer = StoreWriter::create(folder.store(), {}, {a_run(0)});
    fs::remove(folder.store());
    CHECK_THROWS_WITH(writer.write_round(a_round(0, 0)), ContainsSubstring("removed"));
  }
}

TEST_CASE("a file that is no store of this version is refused in words") {
  TemporaryFolder folder;
  const auto file = folder.store();
  SECTION("missing") {
    CHECK_THAT(read_error(file), ContainsSubstring("no such file") && ContainsSubstring("run.sqlite"));
  }
  SECTION("a folder") {
    CHECK_THAT(read_error(folder.path.string()), ContainsSubstring("not a file"));
  }
  SECTION("empty") {
    std::ofstream{file};
    CHECK_THAT(read_error(file), ContainsSubstring("truncated"));
  }
  SECTION("something else") {
    std::ofstream(file) << std::string(5000, 'x');
    CHECK_THAT(read_error(file), ContainsSubstring("not an SQLite file"));
  }
  SECTION("somebody else's database") {
    SQLite::Database(file, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec("CREATE TABLE t (x)");
    CHECK_THAT(read_error(file), ContainsSubstring("not a result store"));
    CHECK_THROWS_AS(StoreWriter::open(file), RunError);
  }
  SECTION("another version") {
    StoreWriter::create(file, {}, {});
    SQLite::Database(file, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)");
    CHECK_THAT(read_error(file),
               ContainsSubstring("version 99") && ContainsSubstring(fmt::format("version {}", kStoreVersion)));
  }
  SECTION("truncated") {
    {
      auto writer = StoreWriter::create(file, {}, {a_run(0)});
      for (int round = 0; round < 200; ++round) writer.write_round(a_round(0, round));
    }
    fs::resize_file(file, fs::file_size(file) / 2);
    CHECK_THAT(read_error(file), ContainsSubstring("truncated"));
  }
  SECTION("damaged inside") {
    {
      auto writer = StoreWriter::create(file, {}, {a_run(0)});
      for (int round = 0; round < 200; ++round) writer.write_round(a_round(0, round));
    }
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekp(4096);
    bytes << std::string(static_cast<std::size_t>(fs::file_size(file)) - 4096, '\x7f');
    bytes.close();
    CHECK_THAT(read_error(file), ContainsSubstring("damaged"));
  }
}

TEST_CASE("hostile text is data") {
  TemporaryFolder folder;
  const std::string hostile = "'); DROP TABLE runs; --\n<script>alert(1)</script>,\"\xff";
  auto run = a_run(0);
  run.label = hostile;
  auto writer = StoreWriter::create(folder.store(), {{hostile, hostile}}, {run});
  writer.set_state(0, hostile, hostile);
  const StoreReader reader(folder.store());
  CHECK(reader.runs().at(0).label == hostile);
  CHECK(reader.meta().at(hostile) == hostile);
}

TEST_CASE("a store can be read while it is being written, and in a folder without write permission") {
  TemporaryFolder folder;
  {
    auto writer = StoreWriter::create(folder.store(), {}, {a_run(0)});
    writer.write_round(a_round(0, 0));
    CHECK(StoreReader(folder.store()).rounds(0).size() == 1);
    writer.write_round(a_round(0, 1));
  }
  const auto read_only = fs::perms::owner_read | fs::perms::group_read | fs::perms::others_read;
  fs::permissions(folder.store(), read_only);
  fs::permissions(folder.path, read_only | fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec);
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(1);  // root may write anywhere
    try {
      _exit(StoreReader(folder.store()).rounds(0).size() == 2 ? 0 : 2);
    } catch (...) {
      _exit(3);
    }
  }
  int status = -1;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("docs/store.md documents every table and column as it is") {
  std::ifstream in(source_file("docs/store.md"));
  std::stringstream text;
  text << in.rdbuf();
  CHECK_THAT(text.str(), ContainsSubstring(store_tables_markdown()));
}

TEST_CASE("reading a store beside one's own writer does not drop the writer's locks") {
  const TemporaryFolder folder;
  const auto file = folder.store();
  auto writer = StoreWriter::create(file, {}, {a_run(0)});
  { const StoreReader reader(file); }
  // In WAL mode an open connection holds a shared lock: another process must see it.
  const pid_t child = fork();
  if (child == 0) {
    const int descriptor = open(file.c_str(), O_RDWR);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    fcntl(descriptor, F_GETLK, &lock);
    _exit(lock.l_type == F_UNLCK ? 1 : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a slice and a list of spans that were altered are refused") {
  const auto read_after = [](const std::string& change) {
    TemporaryFolder folder;
    StoreWriter::create(folder.store(), {}, {a_run(0)}).write_round(a_round(0, 0));
    SQLite::Database(folder.store(), SQLite::OPEN_READWRITE).exec(change);
    const StoreReader reader(folder.store());
    reader.device_rounds(0);
    reader.activities(0, 0);
  };
  CHECK_NOTHROW(read_after("UPDATE device_rounds SET slice = ''"));
  for (const char* slice : {"0+4", "x", "0+4/16 ", "16+4/16", "0+17/16", "0+0/16", "-1+4/16", "0+4/99999999999"})
    CHECK_THROWS_WITH(read_after(fmt::format("UPDATE device_rounds SET slice = '{}'", slice)),
                      ContainsSubstring("the store was altered: "));
  for (const char* spans : {"c", ":0:1", "x:0:1", "c:1:0", "c:0:nan", "c:0:1  s:1:2", "c:0:1;"})
    CHECK_THROWS_WITH(read_after(fmt::format("UPDATE activities SET spans = '{}'", spans)),
                      ContainsSubstring("the store was altered: "));
}

TEST_CASE("coverage that was altered to nothing is refused") {
  TemporaryFolder folder;
  StoreWriter::create(folder.store(), {}, {a_run(0)}).write_round(a_round(0, 0));
  REQUIRE_FALSE(StoreReader(folder.store()).coverage(0).empty());
  SQLite::Database(folder.store(), SQLite::OPEN_READWRITE).exec("UPDATE axis_coverage SET trained_by = x''");
  CHECK_THROWS_WITH(StoreReader(folder.store()).coverage(0), ContainsSubstring("the store was altered: axis"));
}
