#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "sim/base/error.hpp"
#include "sim/record/columns.hpp"
#include "sim/record/csv_text.hpp"
#include "sim/record/encoding.hpp"
#include "sim/record/format.hpp"
#include "sim/record/sql_types.hpp"
#include "sim/record/store.hpp"
#include "sim/record/store_error.hpp"

namespace msfusion {

namespace {

constexpr const char* kWhatToDo = "expected the run.sqlite of a result folder that this version of msfusion wrote";
constexpr int kBusyTimeoutMs = 30000;

/// Fills a record's fields from a row, in the order of its columns.
class RowReader {
 public:
  explicit RowReader(SQLite::Statement& statement) : statement_(statement) {}

  template <class Field>
  void operator()(const char*, Field& field, const char*, const char*) {
    read(statement_.getColumn(index_++), field);
  }

 private:
  static void read(const SQLite::Column& column, int& value) { value = column.getInt(); }
  static void read(const SQLite::Column& column, bool& value) { value = column.getInt() != 0; }
  static void read(const SQLite::Column& column, std::int64_t& value) { value = column.getInt64(); }
  static void read(const SQLite::Column& column, std::uint64_t& value) {
    value = std::strtoull(column.getText(), nullptr, 10);
  }
  static void read(const SQLite::Column& column, double& value) { value = column.getDouble(); }
  static void read(const SQLite::Column& column, std::string& value) { value = column.getString(); }
  static void read(const SQLite::Column& column, std::vector<AxisSlice>& slice) {
    slice = slice_from(column.getString());
  }
  static void read(const SQLite::Column& column, std::vector<SpanRecord>& spans) {
    spans = spans_from(column.getString());
  }
  template <class Field>
  static void read(const SQLite::Column& column, std::optional<Field>& value) {
    value.reset();
    if (!column.isNull()) read(column, value.emplace());
  }
  static void read(const SQLite::Column& column, std::vector<std::uint16_t>& values) {
    const auto* bytes = static_cast<const unsigned char*>(column.getBlob());
    const auto count = static_cast<std::size_t>(column.getBytes()) / 2;
    values.resize(count);
    for (std::size_t i = 0; i < count; ++i)
      values[i] = static_cast<std::uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
  }

  SQLite::Statement& statement_;
  int index_ = 0;
};

/// The columns of a table that the store has; none: an earlier version had no such table.
std::set<std::string> columns_of(SQLite::Database& database, const char* table) {
  std::set<std::string> names;
  SQLite::Statement statement(database, "SELECT name FROM pragma_table_info(?)");
  statement.bind(1, table);
  while (statement.executeStep()) names.insert(statement.getColumn(0).getString());
  return names;
}

/// Columns that the store lacks are absent figures.
template <class Record>
std::string select_sql(const std::set<std::string>& there, const char* where) {
  std::string columns, key;
  int count = 0;
  Record record;
  Columns<Record>::visit(record, [&](const char* name, auto&&...) {
    columns += fmt::format("{}{}", columns.empty() ? "" : ", ", there.count(name) > 0 ? name : "NULL");
    if (count++ < Columns<Record>::facts.key_columns) key += fmt::format("{}{}", key.empty() ? "" : ", ", name);
  });
  return fmt::format("SELECT {} FROM {}{} ORDER BY {}", columns, Columns<Record>::facts.name, where, key);
}

using Json = nlohmann::ordered_json;

// What JSON cannot say as a number is null or, with 64 bits without a sign, text.
template <class Field>
Json json_value(const Field& value) {
  if constexpr (std::is_same_v<Field, std::uint64_t>) {
    return std::to_string(value);
  } else if constexpr (std::is_same_v<Field, std::vector<AxisSlice>> ||
                       std::is_same_v<Field, std::vector<SpanRecord>>) {
    return text_of(value);
  } else {
    return value;
  }
}
template <class Field>
Json json_value(const std::optional<Field>& value) {
  return value ? json_value(*value) : Json();
}

std::unique_ptr<SQLite::Database> open_database(const std::string& file) {
  try {
    // Opened for writing where allowed, so that SQLite can tidy its log away; query_only keeps our hands off.
    auto database = std::make_unique<SQLite::Database>(sqlite_name(file), SQLite::OPEN_READWRITE, kBusyTimeoutMs);
    database->exec("PRAGMA query_only = ON");
    database->execAndGet("SELECT count(*) FROM meta");
    return database;
  } catch (const SQLite::Exception& error) {
    const int code = error.getErrorCode() & 0xff;
    if (code != SQLITE_CANTOPEN && code != SQLITE_READONLY) throw;
    // A folder without write permission has no shared-memory file and no writer.
    std::string escaped;
    for (const char c : std::filesystem::absolute(file).string())
      escaped +=
          c == '?' || c == '#' || c == '%' ? fmt::format("%{:02x}", static_cast<unsigned char>(c)) : std::string(1, c);
    return std::make_unique<SQLite::Database>("file:" + escaped + "?immutable=1",
                                              SQLite::OPEN_READONLY | SQLite::OPEN_URI);
  }
}

}  // namespace

class StoreReader::Impl {
 public:
  explicit Impl(const std::string& file) : file_(file) {
    if (const auto problem = header_problem(file); !problem.empty())
      throw UserError(Mistake{file, 0, problem, kWhatToDo});
    guarded([&] { database_ = open_database(file); });
  }

  template <class Work>
  auto guarded(Work&& work) const -> decltype(work()) {
    try {
      return work();
    } catch (const SQLite::Exception& error) {
      throw UserError(Mistake{"", 0, store_problem(file_, "read the store", error), kWhatToDo});
    } catch (const std::invalid_argument& error) {
      throw UserError(Mistake{file_, 0, fmt::format("the store was altered: {}", error.what()), kWhatToDo});
    }
  }

  template <class Record>
  std::vector<Record> all(const char* where = "", const std::vector<int>& values = {}) const {
    return guarded([&] {
      std::vector<Record> records;
      for_each_row<Record>(where, values, [&](const Record& record) { records.push_back(record); });
      return records;
    });
  }

  /// None where an earlier version had no such table.
  template <class Record, class Visit>
  void for_each_row(const char* where, const std::vector<int>& values, Visit&& visit) const {
    const std::set<std::string> there = columns_of(*database_, Columns<Record>::facts.name);
    if (there.empty()) return;
    SQLite::Statement statement(*database_, select_sql<Record>(there, where));
    for (std::size_t i = 0; i < values.size(); ++i) statement.bind(static_cast<int>(i) + 1, values[i]);
    while (statement.executeStep()) {
      Record record;
      Columns<Record>::visit(record, RowReader(statement));
      visit(record);
    }
  }

  template <class Record>
  std::vector<Record> of_run(int run) const {
    return all<Record>(" WHERE run = ?", {run});
  }

  template <class Record>
  std::string csv() const {
    std::string text;
    const auto line = [&](auto&& cell, auto& record) {
      const char* separator = "";
      Columns<Record>::visit(record, [&](const char* name, auto& field, const char*, const char*) {
        text += separator;
        text += cell(name, field);
        separator = ",";
      });
      text += '\n';
    };
    Record header;
    line([](const char* name, auto&) { return std::string(name); }, header);
    return guarded([&] {
      for_each_row<Record>(
          "", {}, [&](Record& record) { line([](const char*, auto& field) { return csv_text(field); }, record); });
      return text;
    });
  }

  /// Calls `line` with every row as a JSON object.
  template <class Record>
  void json_rows(const std::function<void(const std::string&)>& line) const {
    for_each_row<Record>("", {}, [&](Record& record) {
      Json row = {{"table", Columns<Record>::facts.name}};
      Columns<Record>::visit(
          record, [&](const char* name, auto& field, const char*, const char*) { row[name] = json_value(field); });
      line(row.dump(-1, ' ', false, Json::error_handler_t::replace));
    });
  }

  std::map<std::string, std::string> tables(bool results) const {
    std::map<std::string, std::string> texts;
    for_each_table([&](auto record) {
      using Record = decltype(record);
      if (Columns<Record>::facts.result == results) texts[Columns<Record>::facts.name] = csv<Record>();
    });
    return texts;
  }

  std::string file_;
  std::unique_ptr<SQLite::Database> database_;
};

StoreReader::StoreReader(const std::string& file) : impl_(std::make_unique<Impl>(file)) {}
StoreReader::StoreReader(StoreReader&&) noexcept = default;
StoreReader::~StoreReader() = default;

MetaMap StoreReader::meta() const {
  return impl_->guarded([&] {
    MetaMap meta;
    SQLite::Statement statement(*impl_->database_, "SELECT key, value FROM meta ORDER BY key");
    while (statement.executeStep()) meta[statement.getColumn(0).getString()] = statement.getColumn(1).getString();
    return meta;
  });
}

std::string StoreReader::id() const {
  const MetaMap facts = meta();
  const auto found = facts.find(meta_key::id);
  if (found == facts.end()) throw UserError(Mistake{impl_->file_, 0, "the store has no identity", kWhatToDo});
  return found->second;
}

std::vector<RunRecord> StoreReader::runs() const {
  return impl_->all<RunRecord>();
}
std::vector<DeviceRecord> StoreReader::devices(int run) const {
  return impl_->of_run<DeviceRecord>(run);
}
std::vector<RoundRecord> StoreReader::rounds(int run) const {
  return impl_->of_run<RoundRecord>(run);
}
std::vector<DeviceRoundRecord> StoreReader::device_rounds(int run) const {
  return impl_->of_run<DeviceRoundRecord>(run);
}
std::vector<DeviceRoundTotals> StoreReader::device_round_totals(int run) const {
  return impl_->guarded([&] {
    std::vector<DeviceRoundTotals> totals;
    SQLite::Statement statement(*impl_->database_,
                                "SELECT round, count(*), sum(split), "
                                "sum(CASE WHEN coalesce(is_server, 0) THEN 0.0 ELSE bytes_sent + bytes_received END) "
                                "FROM device_rounds LEFT JOIN devices USING (run, device) WHERE run = ? "
                                "GROUP BY round ORDER BY round");
    statement.bind(1, run);
    while (statement.executeStep())
      totals.push_back({statement.getColumn(0).getInt(), statement.getColumn(1).getInt(),
                        statement.getColumn(2).getDouble(), statement.getColumn(3).getDouble()});
    return totals;
  });
}
std::vector<LinkRecord> StoreReader::platform_links(int run) const {
  return impl_->of_run<LinkRecord>(run);
}
std::vector<JointRecord> StoreReader::joints(int run) const {
  return impl_->of_run<JointRecord>(run);
}
std::vector<PeerRecord> StoreReader::peers(int run) const {
  return impl_->of_run<PeerRecord>(run);
}
std::vector<ActivityRecord> StoreReader::activities(int run, int round) const {
  return impl_->all<ActivityRecord>(" WHERE run = ? AND round = ?", {run, round});
}
std::vector<ActivityTotals> StoreReader::activity_totals(int run) const {
  return impl_->guarded([&] {
    std::vector<ActivityTotals> totals;
    SQLite::Statement statement(*impl_->database_,
                                "SELECT device, sum(compute_seconds), sum(send_seconds), sum(receive_seconds), "
                                "sum(both_seconds), sum(idle_seconds), sum(off_seconds) "
                                "FROM activities WHERE run = ? GROUP BY device ORDER BY device");
    statement.bind(1, run);
    const auto sum = [&](int column) { return statement.getColumn(column).getDouble(); };
    while (statement.executeStep())
      totals.push_back({statement.getColumn(0).getInt(), sum(1), sum(2), sum(3), sum(4), sum(5), sum(6)});
    return totals;
  });
}
std::vector<DeviceTotals> StoreReader::device_totals(int run) const {
  return impl_->guarded([&] {
    std::vector<DeviceTotals> totals;
    SQLite::Statement statement(*impl_->database_,
                                "SELECT device, count(*), sum(busy_seconds), sum(bytes_sent + bytes_received), "
                                "CASE WHEN count(joules) = count(*) THEN sum(joules) END "
                                "FROM device_rounds WHERE run = ? GROUP BY device ORDER BY device");
    statement.bind(1, run);
    while (statement.executeStep()) {
      const auto joules = statement.getColumn(4);
      totals.push_back({statement.getColumn(0).getInt(),
                        statement.getColumn(1).getInt(),
                        statement.getColumn(2).getDouble(),
                        statement.getColumn(3).getDouble(),
                        joules.isNull() ? Maybe{} : Maybe{joules.getDouble()},
                        {}});
    }
    SQLite::Statement fates(
        *impl_->database_,
        "SELECT device, fate, count(*) FROM device_rounds WHERE run = ? GROUP BY device, fate ORDER BY device");
    fates.bind(1, run);
    auto total = totals.begin();
    while (fates.executeStep()) {
      while (total->device != fates.getColumn(0).getInt()) ++total;  // both in order of devices
      total->fates[fates.getColumn(1).getString()] = fates.getColumn(2).getInt();
    }
    return totals;
  });
}
std::vector<CriticalStepRecord> StoreReader::critical_steps(int run, int round) const {
  return impl_->all<CriticalStepRecord>(" WHERE run = ? AND round = ?", {run, round});
}
std::vector<StateEventRecord> StoreReader::state_events(int run) const {
  return impl_->of_run<StateEventRecord>(run);
}
std::vector<BatteryRecord> StoreReader::batteries(int run) const {
  return impl_->of_run<BatteryRecord>(run);
}
std::vector<EvaluationRecord> StoreReader::evaluations(int run) const {
  return impl_->of_run<EvaluationRecord>(run);
}
std::vector<DeviceEvaluationRecord> StoreReader::device_evaluations(int run) const {
  return impl_->of_run<DeviceEvaluationRecord>(run);
}
std::vector<DeviceEvaluationRecord> StoreReader::device_evaluations(int run, int round) const {
  return impl_->all<DeviceEvaluationRecord>(" WHERE run = ? AND round = ?", {run, round});
}
std::vector<PersonalEvaluationRecord> StoreReader::personal_evaluations(int run) const {
  return impl_->of_run<PersonalEvaluationRecord>(run);
}
std::vector<AxisCoverageRecord> StoreReader::coverage(int run) const {
  std::vector<AxisCoverageRecord> records = impl_->of_run<AxisCoverageRecord>(run);
  std::map<std::string, std::size_t> units;  // by axis
  for (const AxisCoverageRecord& record : records) {
    const std::size_t count = record.trained_by.size(), first = units.emplace(record.axis, count).first->second;
    if (count == 0 || count != first)
      throw UserError(
          Mistake{impl_->file_, 0,
                  fmt::format("the store was altered: axis {} has {} units in round {}, and {} in the first",
                              record.axis, count, record.round, first),
                  kWhatToDo});
  }
  return records;
}
std::vector<LinkRoundRecord> StoreReader::links(int run) const {
  return impl_->of_run<LinkRoundRecord>(run);
}
std::vector<EncodingRecord> StoreReader::encodings(int run) const {
  return impl_->of_run<EncodingRecord>(run);
}
std::vector<PrivacyRecord> StoreReader::privacy(int run) const {
  return impl_->of_run<PrivacyRecord>(run);
}
std::vector<IntervalRecord> StoreReader::intervals(int run) const {
  return impl_->of_run<IntervalRecord>(run);
}
std::vector<DrawRecord> StoreReader::draws(int run) const {
  return impl_->of_run<DrawRecord>(run);
}
std::vector<SecureSumRecord> StoreReader::secure_sums(int run) const {
  return impl_->of_run<SecureSumRecord>(run);
}
std::vector<SelectionRecord> StoreReader::selections(int run) const {
  return impl_->of_run<SelectionRecord>(run);
}
std::vector<FairnessRecord> StoreReader::fairness(int run) const {
  return impl_->of_run<FairnessRecord>(run);
}
std::vector<WarningRecord> StoreReader::warnings() const {
  return impl_->all<WarningRecord>();
}
std::vector<WallRecord> StoreReader::wall(int run) const {
  return impl_->of_run<WallRecord>(run);
}

const std::string& StoreReader::file() const {
  return impl_->file_;
}

void StoreReader::json_lines(const std::function<void(const std::string&)>& line) const {
  impl_->guarded([&] {
    for_each_table([&](auto record) { impl_->json_rows<decltype(record)>(line); });
    return true;
  });
}
std::map<std::string, std::string> StoreReader::result_tables() const {
  return impl_->tables(true);
}
std::map<std::string, std::string> StoreReader::wall_tables() const {
  return impl_->tables(false);
}

}  // namespace msfusion
