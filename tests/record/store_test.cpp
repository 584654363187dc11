#include "sim/record/store.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/base/error.hpp"
#include "sim/record/encoding.hpp"
#include "sim/record/format.hpp"
#include "tests/record/sample_records.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

namespace fs = std::filesystem;
using namespace msfusion;

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

  writer.write_draws({{1, 0, 200, 0.5, 1.5, {}, {}, 2.0, 3.0, {}, {}}}, {{1, 0, "0.5 1.5", "", "2 3", ""}});
  writer.write_draws({{1, 0, 100, 0.25, 1.5, {}, {}, 2.0, 3.0, {}, {}}}, {});  // replaces what there was

  const StoreReader reader(folder.store());
  REQUIRE(reader.intervals(1).size() == 1);
  CHECK(reader.intervals(1)[0].draws == 100);
  CHECK(reader.intervals(1)[0].seconds_low == 0.25);
  CHECK_FALSE(reader.intervals(1)[0].joules_low.has_value());
  CHECK(reader.draws(1).at(0).usd == "2 3");
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
