#include "sim/record/format.hpp"

#include <fmt/format.h>

#include <type_traits>

#include "sim/record/columns.hpp"
#include "sim/record/sql_types.hpp"

namespace msfusion {

std::vector<TableNote> store_tables() {
  std::vector<TableNote> tables;
  for_each_table([&](auto record) {
    using Table = Columns<decltype(record)>;
    TableNote table{Table::facts.name, Table::facts.purpose, Table::facts.result, {}};
    Table::visit(record, [&](const char* name, auto& field, const char* unit, const char* meaning) {
      using Type = SqlType<std::decay_t<decltype(field)>>;
      const bool key = static_cast<int>(table.columns.size()) < Table::facts.key_columns;
      table.columns.push_back({name, Type::name, unit, meaning, key, Type::optional});
    });
    tables.push_back(std::move(table));
  });
  return tables;
}

std::string store_tables_markdown() {
  std::string text;
  for (const auto& table : store_tables()) {
    text += fmt::format("### {}\n\n{}{}.\n\n| column | type | unit | meaning |\n|---|---|---|---|\n", table.name,
                        table.purpose, table.result ? "" : " (not a result: it differs from run to run)");
    for (const auto& column : table.columns)
      text += fmt::format("| {}{} | {}{} | {} | {} |\n", column.name, column.key ? " *" : "", column.type,
                          column.optional ? ", may be NULL" : "", column.unit, column.meaning);
    text += "\n";
  }
  return text;
}

std::string csv_field(std::string_view text) {
  std::string harmless(text);
  // A spreadsheet takes these for the beginning of a formula; an apostrophe makes it text.
  if (!text.empty() && std::string_view("=+-@\t\r").find(text.front()) != std::string_view::npos)
    harmless.insert(0, 1, '\'');
  const bool plain = harmless.find_first_of(",\"\r\n") == std::string::npos &&
                     (harmless.empty() || (harmless.front() != ' ' && harmless.back() != ' '));
  if (plain) return harmless;
  std::string quoted = "\"";
  for (const char c : harmless) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string exact_number(double value) {
  return fmt::format("{}", value);
}

}  // namespace msfusion
