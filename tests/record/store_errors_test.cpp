#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "sim/base/error.hpp"
#include "sim/record/encoding.hpp"
#include "sim/record/format.hpp"
#include "sim/record/store.hpp"
#include "tests/record/sample_records.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/paths.hpp"

namespace fs = std::filesystem;
using namespace msfusion;

namespace {

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
               ContainsSubstring("version 99") &&
                   ContainsSubstring(fmt::format("versions {} to {}", kOldestStoreVersion, kStoreVersion)));
  }
  SECTION("an older version") {
    {
      StoreWriter writer = StoreWriter::create(file, {}, {a_run(0)});
      writer.write_round(a_round(0, 0));
    }
    SQLite::Database(file, SQLite::OPEN_READWRITE)
        .exec(
            "DROP TABLE privacy; DROP TABLE secure_sums; DROP TABLE intervals; DROP TABLE draws; PRAGMA user_version = "
            "4; PRAGMA wal_checkpoint(TRUNCATE)");
    {
      const StoreReader reader(file);
      CHECK(reader.rounds(0).size() == 1);
      CHECK(reader.privacy(0).empty());
      CHECK(reader.draws(0).empty());
      CHECK(reader.result_tables().at("privacy") == "run,round,epsilon,delta,clip,shortened\n");
    }
    // Whoever goes on with it gives it what it lacks.
    StoreWriter::open(file).write_round(a_round(0, 1));
    CHECK(StoreReader(file).privacy(0).size() == 1);
    CHECK(StoreReader(file).rounds(0).size() == 2);
    SQLite::Database(file, SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 3; PRAGMA wal_checkpoint(TRUNCATE)");
    CHECK_THAT(read_error(file), ContainsSubstring("version 3"));
  }
  SECTION("an older version whose tables had fewer columns") {
    StoreWriter::create(file, {}, {a_run(0)}).write_round(a_round(0, 0));
    {
      SQLite::Database database(file, SQLite::OPEN_READWRITE);
      database.exec("DROP TABLE personal_evaluations");
      for (const char* column :
           {"personal_accuracy", "personal_weighted_accuracy", "personal_worst_tenth", "personal_global_accuracy"})
        database.exec(fmt::format("ALTER TABLE evaluations DROP COLUMN {}", column));
      database.exec("PRAGMA user_version = 5; PRAGMA wal_checkpoint(TRUNCATE)");
    }
    {
      const StoreReader reader(file);
      CHECK(reader.evaluations(0).at(0).global_accuracy == 0.5);
      CHECK_FALSE(reader.evaluations(0).at(0).personal_accuracy.has_value());
      CHECK(reader.personal_evaluations(0).empty());
    }
    RoundResult next = a_round(0, 1);
    next.evaluation->personal_worst_tenth = 0.125;
    StoreWriter::open(file).write_round(next);
    CHECK(StoreReader(file).evaluations(0).at(1).personal_worst_tenth == 0.125);
    CHECK_FALSE(StoreReader(file).evaluations(0).at(0).personal_worst_tenth.has_value());
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
