#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include "sim/base/error.hpp"
#include "sim/record/columns.hpp"
#include "sim/record/encoding.hpp"
#include "sim/record/format.hpp"
#include "sim/record/sql_types.hpp"
#include "sim/record/store.hpp"
#include "sim/record/store_error.hpp"

namespace msfusion {

namespace {

template <class Record>
std::string create_table_sql() {
  using Table = Columns<Record>;
  std::string columns, key;
  int count = 0;
  Record record;
  Table::visit(record, [&](const char* name, auto& field, const char*, const char*) {
    using Type = SqlType<std::decay_t<decltype(field)>>;
    columns += fmt::format("{} {}{}, ", name, Type::name, Type::optional ? "" : " NOT NULL");
    if (count++ < Table::facts.key_columns) key += fmt::format("{}{}", key.empty() ? "" : ", ", name);
  });
  return fmt::format("CREATE TABLE {} ({}PRIMARY KEY ({})) STRICT, WITHOUT ROWID", Table::facts.name, columns, key);
}

template <class Record>
std::string insert_sql(const char* verb) {
  std::string marks;
  Record record;
  Columns<Record>::visit(record, [&](auto&&...) { marks += marks.empty() ? "?" : ", ?"; });
  return fmt::format("{} INTO {} VALUES ({})", verb, Columns<Record>::facts.name, marks);
}

/// Binds a record's fields in the order of its columns.
class Binder {
 public:
  explicit Binder(SQLite::Statement& statement) : statement_(statement) {}

  template <class Field>
  void operator()(const char* name, const Field& field, const char*, const char*) {
    bind(++index_, name, field);
  }

 private:
  void bind(int index, const char*, int value) { statement_.bind(index, value); }
  void bind(int index, const char*, bool value) { statement_.bind(index, value ? 1 : 0); }
  void bind(int index, const char*, std::int64_t value) { statement_.bind(index, value); }
  void bind(int index, const char*, std::uint64_t value) { statement_.bind(index, std::to_string(value)); }
  void bind(int index, const char*, const std::string& value) { statement_.bind(index, value); }
  void bind(int index, const char*, const std::vector<AxisSlice>& slice) { statement_.bind(index, text_of(slice)); }
  void bind(int index, const char*, const std::vector<SpanRecord>& spans) { statement_.bind(index, text_of(spans)); }
  void bind(int index, const char* name, double value) {
    if (!std::isfinite(value)) throw RunError(fmt::format("column {} is {}: not a figure to record", name, value));
    statement_.bind(index, value);
  }
  void bind(int index, const char*, const std::optional<int>& value) {
    value ? statement_.bind(index, *value) : statement_.bind(index);
  }
  void bind(int index, const char*, const Maybe& value) {
    value&& std::isfinite(*value) ? statement_.bind(index, *value) : statement_.bind(index);
  }
  void bind(int index, const char*, const std::vector<std::uint16_t>& values) {
    std::string bytes;
    bytes.reserve(2 * values.size());
    for (const auto value : values) {
      bytes += static_cast<char>(value & 0xff);
      bytes += static_cast<char>(value >> 8);
    }
    statement_.bind(index, static_cast<const void*>(bytes.data()), static_cast<int>(bytes.size()));
  }

  SQLite::Statement& statement_;
  int index_ = 0;
};

/// The prepared INSERT of a table.
template <class Record>
class Insert {
 public:
  explicit Insert(SQLite::Database& database, const char* verb = "INSERT")
      : statement_(database, insert_sql<Record>(verb)) {}

  void operator()(const Record& record) {
    statement_.tryReset();  // reset() would repeat an earlier failure
    Columns<Record>::visit(record, Binder(statement_));
    statement_.exec();
  }

 private:
  SQLite::Statement statement_;
};

constexpr const char* kMetaTable =
    "CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID";
constexpr const char* kSetMeta =
    "INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value";

void write_meta(SQLite::Database& database, const std::string& key, const std::string& value) {
  SQLite::Statement statement(database, kSetMeta);
  statement.bind(1, key);
  statement.bind(2, value);
  statement.exec();
}

constexpr const char* kReplaced = "another store lies in its place, of another run";

std::string new_id() {
  unsigned char bytes[16];
  std::string id;
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) throw RunError("the system gives no random numbers");
  for (const unsigned char byte : bytes) id += fmt::format("{:02x}", byte);
  return id;
}

/// Device and inode; none: there is no such file.
std::optional<std::pair<dev_t, ino_t>> place_of(const std::string& file) {
  struct stat found {};
  if (stat(file.c_str(), &found) != 0) return std::nullopt;
  return std::pair(found.st_dev, found.st_ino);
}

/// Runs `work` and turns what SQLite throws into a RunError.
template <class Work>
auto guarded(const std::string& file, const std::string& doing, Work&& work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw RunError(store_problem(file, doing, error));
  } catch (const RunError& error) {
    throw RunError(fmt::format("{}: cannot {}: {}", file, doing, error.what()));
  }
}

/// Those that an earlier version had not: the last ones, which may be NULL.
template <class Record>
void add_columns(SQLite::Database& database, Record record = {}) {
  const std::string table = Columns<Record>::facts.name;
  Columns<Record>::visit(record, [&](const std::string& name, auto& field, const char*, const char*) {
    if (database.execAndGet("SELECT count(*) FROM pragma_table_info('" + table + "') WHERE name = '" + name + "'")
            .getInt() == 0)
      database.exec("ALTER TABLE " + table + " ADD COLUMN " + name + " " +
                    SqlType<std::decay_t<decltype(field)>>::name);
  });
}

/// Gives an older store the tables and columns that it lacks.
void upgrade(SQLite::Database& database) {
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  if (version == kStoreVersion) return;
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  for_each_table([&](auto record) {
    using Record = decltype(record);
    if (Columns<Record>::facts.since > version && !database.tableExists(Columns<Record>::facts.name))
      database.exec(create_table_sql<Record>());
    else
      add_columns<Record>(database);
  });
  database.exec(fmt::format("PRAGMA user_version = {}", kStoreVersion));
  transaction.commit();
}

SQLite::Database opened(const std::string& file, const std::string& id, int busy_timeout_ms) {
  SQLite::Database database(sqlite_name(file), SQLite::OPEN_READWRITE, busy_timeout_ms);
  // A commit survives a crash of the program; a power cut may take the last rounds, never the file.
  database.exec("PRAGMA synchronous = NORMAL");
  if (!id.empty()) {
    SQLite::Statement statement(database, "SELECT value FROM meta WHERE key = ?");
    statement.bind(1, meta_key::id);
    if (!statement.executeStep() || statement.getColumn(0).getString() != id) throw RunError(kReplaced);
  }
  upgrade(database);
  return database;
}

}  // namespace

class StoreWriter::Impl {
 public:
  Impl(const std::string& file, const std::string& id, int busy_timeout_ms)
      : file_(file), place_(place_of(file)), database_(opened(file, id, busy_timeout_ms)) {}

  /// One transaction, taken at once: a later upgrade could fail without waiting.
  template <class Work>
  void transact(const std::string& doing, Work&& work) {
    guarded(file_, doing, [&] {
      SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
      work();
      transaction.commit();
    });
    // SQLite goes on writing happily into a file that has been removed or replaced.
    const auto place = place_of(file_);
    if (place == place_) return;
    throw RunError(fmt::format("{}: cannot {}: {}", file_, doing,
                               place ? kReplaced : "the file was removed while the run was writing to it"));
  }

  std::string file_;
  std::optional<std::pair<dev_t, ino_t>> place_;  // of the file that is open
  SQLite::Database database_;
  Insert<DeviceRecord> device_{database_, "INSERT OR REPLACE"};
  Insert<LinkRecord> platform_link_{database_, "INSERT OR REPLACE"};
  Insert<JointRecord> joint_{database_, "INSERT OR REPLACE"};
  Insert<PeerRecord> peer_{database_, "INSERT OR REPLACE"};
  Insert<StateEventRecord> state_event_{database_, "INSERT OR REPLACE"};
  Insert<RoundRecord> round_{database_};
  Insert<DeviceRoundRecord> device_round_{database_};
  Insert<ActivityRecord> activity_{database_};
  Insert<CriticalStepRecord> critical_step_{database_};
  Insert<BatteryRecord> battery_{database_};
  Insert<EvaluationRecord> evaluation_{database_};
  Insert<DeviceEvaluationRecord> device_evaluation_{database_};
  Insert<PersonalEvaluationRecord> personal_evaluation_{database_};
  Insert<AxisCoverageRecord> coverage_{database_};
  Insert<LinkRoundRecord> link_{database_};
  Insert<EncodingRecord> encoding_{database_};
  Insert<PrivacyRecord> privacy_{database_};
  Insert<SecureSumRecord> secure_sums_{database_};
  Insert<SelectionRecord> selection_{database_};
  Insert<FairnessRecord> fairness_{database_};
  Insert<IntervalRecord> interval_{database_, "INSERT OR REPLACE"};
  Insert<DrawRecord> draw_{database_, "INSERT OR REPLACE"};
  Insert<WarningRecord> warning_{database_, "INSERT OR IGNORE"};
  Insert<WallRecord> wall_{database_};
};

StoreWriter::StoreWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreWriter::StoreWriter(StoreWriter&&) noexcept = default;
StoreWriter::~StoreWriter() = default;

StoreWriter StoreWriter::create(const std::string& file, const MetaMap& meta, const std::vector<RunRecord>& runs) {
  if (std::filesystem::exists(file)) throw RunError(file + ": cannot create the store: the file is already there");
  const std::string id = new_id();
  // Renamed when complete, so that a kill in between leaves no partial store behind.
  const std::string unfinished = file + ".unfinished";
  std::error_code error;
  for (const std::string& name : {unfinished, file})  // nothing that belonged to another store either
    for (const char* part : {"", "-journal", "-wal", "-shm"}) std::filesystem::remove(name + part, error);
  guarded(file, "create the store", [&] {
    SQLite::Database database(sqlite_name(unfinished), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Transaction transaction(database, SQLite::TransactionBehavior::EXCLUSIVE);
    database.exec(fmt::format("PRAGMA application_id = {}", kStoreApplication));
    database.exec(fmt::format("PRAGMA user_version = {}", kStoreVersion));
    database.exec(kMetaTable);
    for_each_table([&](auto record) { database.exec(create_table_sql<decltype(record)>()); });
    for (const auto& [key, value] : meta) write_meta(database, key, value);
    write_meta(database, meta_key::id, id);
    Insert<RunRecord> insert(database);
    for (const auto& run : runs) insert(run);
    transaction.commit();
    // Readers and writers of other runs do not wait for each other. Only now, so that the header stands in the file
    // itself.
    database.exec("PRAGMA journal_mode = WAL");
  });
  std::filesystem::rename(unfinished, file, error);
  if (error) throw RunError(fmt::format("{}: cannot create the store: {}", file, error.message()));
  return open(file, id);
}

StoreWriter StoreWriter::open(const std::string& file, const std::string& id, int busy_timeout_ms) {
  if (const auto problem = header_problem(file); !problem.empty())
    throw RunError(fmt::format("{}: cannot open the store: {}", file, problem));
  return guarded(file, "open the store",
                 [&] { return StoreWriter(std::make_unique<Impl>(file, id, busy_timeout_ms)); });
}

void StoreWriter::write_devices(const std::vector<DeviceRecord>& devices, const std::vector<StateEventRecord>& states) {
  impl_->transact("write the devices", [&] {
    for (const auto& device : devices) impl_->device_(device);
    for (const auto& event : states) impl_->state_event_(event);
  });
}

void StoreWriter::write_network(const std::vector<LinkRecord>& links, const std::vector<JointRecord>& joints,
                                const std::vector<PeerRecord>& peers) {
  impl_->transact("write the network", [&] {
    for (const auto& link : links) impl_->platform_link_(link);
    for (const auto& joint : joints) impl_->joint_(joint);
    for (const auto& peer : peers) impl_->peer_(peer);
  });
}

void StoreWriter::write_round(const RoundResult& result) {
  const auto doing = fmt::format("write round {} of run {}", result.round.round, result.round.run);
  impl_->transact(doing, [&] {
    impl_->round_(result.round);
    for (const auto& device : result.devices) impl_->device_round_(device);
    for (const auto& activity : result.activities) impl_->activity_(activity);
    for (const auto& step : result.critical_steps) impl_->critical_step_(step);
    for (const auto& battery : result.batteries) impl_->battery_(battery);
    if (result.evaluation) impl_->evaluation_(*result.evaluation);
    for (const auto& device : result.device_evaluations) impl_->device_evaluation_(device);
    for (const auto& device : result.personal_evaluations) impl_->personal_evaluation_(device);
    for (const auto& axis : result.coverage) impl_->coverage_(axis);
    for (const auto& link : result.links) impl_->link_(link);
    for (const auto& encoding : result.encodings) impl_->encoding_(encoding);
    if (result.privacy) impl_->privacy_(*result.privacy);
    if (result.secure_sums) impl_->secure_sums_(*result.secure_sums);
    for (const auto& selection : result.selections) impl_->selection_(selection);
    if (result.fairness) impl_->fairness_(*result.fairness);
    for (const auto& warning : result.warnings) impl_->warning_(warning);
    assert(result.wall.run == result.round.run && result.wall.round == result.round.round);
    impl_->wall_(result.wall);
  });
}

void StoreWriter::write_draws(const std::vector<IntervalRecord>& intervals, const std::vector<DrawRecord>& draws) {
  impl_->transact("write the drawn fleets' figures", [&] {
    for (const auto& interval : intervals) impl_->interval_(interval);
    for (const auto& draw : draws) impl_->draw_(draw);
  });
}

void StoreWriter::write_warning(const WarningRecord& warning) {
  impl_->transact("write a warning", [&] { impl_->warning_(warning); });
}

void StoreWriter::set_state(int run, const std::string& state, const std::string& message) {
  impl_->transact("write the state of a run", [&] {
    SQLite::Statement statement(impl_->database_, "UPDATE runs SET state = ?, message = ? WHERE run = ?");
    statement.bind(1, state);
    statement.bind(2, message);
    statement.bind(3, run);
    statement.exec();
  });
}

void StoreWriter::set_ended_by(int run, const std::string& ending) {
  impl_->transact("write what ended a run", [&] {
    SQLite::Statement statement(impl_->database_, "UPDATE runs SET ended_by = ? WHERE run = ?");
    statement.bind(1, ending);
    statement.bind(2, run);
    statement.exec();
  });
}

void StoreWriter::set_model(int run, std::int64_t parameters, std::int64_t forward_macs) {
  impl_->transact("write the model's size", [&] {
    SQLite::Statement statement(impl_->database_,
                                "UPDATE runs SET model_parameters = ?, model_forward_macs = ? WHERE run = ?");
    statement.bind(1, parameters);
    statement.bind(2, forward_macs);
    statement.bind(3, run);
    statement.exec();
  });
}

void StoreWriter::set_without_power(int run, const std::string& nodes) {
  impl_->transact("write which nodes state no power", [&] {
    SQLite::Statement statement(impl_->database_, "UPDATE runs SET without_power = ? WHERE run = ?");
    statement.bind(1, nodes);
    statement.bind(2, run);
    statement.exec();
  });
}

void StoreWriter::set_meta(const std::string& key, const std::string& value) {
  impl_->transact("write " + key, [&] { write_meta(impl_->database_, key, value); });
}

void StoreWriter::lengthen(const std::vector<RunRecord>& runs, const MetaMap& changed_facts) {
  impl_->transact("give the runs later limits", [&] {
    for (const RunRecord& run : runs) {
      SQLite::Statement statement(
          impl_->database_,
          "UPDATE runs SET rounds = ?, until_seconds = ?, ended_by = '', state = CASE state WHEN 'finished' THEN "
          "'waiting' ELSE state END WHERE run = ?");
      statement.bind(1, run.rounds);
      run.until_seconds ? statement.bind(2, *run.until_seconds) : statement.bind(2);
      statement.bind(3, run.run);
      statement.exec();
    }
    for (const auto& [key, value] : changed_facts) write_meta(impl_->database_, key, value);
  });
}

void StoreWriter::forget_evaluations(int run, int round) {
  impl_->transact("remove an evaluation", [&] {
    for (const char* table : {"evaluations", "device_evaluations", "personal_evaluations", "fairness"}) {
      SQLite::Statement statement(impl_->database_, fmt::format("DELETE FROM {} WHERE run = ? AND round = ?", table));
      statement.bind(1, run);
      statement.bind(2, round);
      statement.exec();
    }
  });
}

void StoreWriter::forget_after(int run, int round) {
  impl_->transact("remove rounds before a resume", [&] {
    for (const auto& table : store_tables()) {
      if (std::none_of(table.columns.begin(), table.columns.end(),
                       [](const ColumnNote& column) { return column.name == "round"; }))
        continue;
      SQLite::Statement statement(impl_->database_, "DELETE FROM " + table.name + " WHERE run = ? AND round > ?");
      statement.bind(1, run);
      statement.bind(2, round);
      statement.exec();
    }
  });
}

}  // namespace msfusion
