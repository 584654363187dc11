#include "sim/data/csv_set.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/base/error.hpp"
#include "sim/base/natural_order.hpp"
#include "sim/data/input_file.hpp"

namespace msfusion {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{2} << 30, kMostColumns = 65536, kMostValues = 1000, kMostClasses = 65536,
                      kMostFeatures = 65536;

struct Row {
  int line = 0;
  std::vector<std::string> cells;
};

struct Table {
  std::string file;
  std::vector<std::string> columns;
  std::vector<Row> rows;

  [[noreturn]] void fail(const Row& row, std::size_t column, const std::string& allowed) const {
    throw UserError(Mistake{file, row.line, fmt::format("{} = \"{}\"", columns[column], row.cells[column]), allowed});
  }
};

std::string whole_text(const std::string& file) {
  InputFile in(file);
  std::string text;
  std::vector<std::uint8_t> block(1u << 20);
  while (const std::size_t count = in.read_some(block.data(), block.size())) {
    text.append(reinterpret_cast<const char*>(block.data()), count);
    if (text.size() > kMostBytes) throw UserError(Mistake{file, 0, "is too large", "at most 2 GiB"});
  }
  in.expect_end();
  return text;
}

// Cells and lines, as RFC 4180 has them.
class Lines {
 public:
  Lines(const std::string& text, const std::string& file) : text_(text), file_(file) {
    constexpr const char* kByteOrderMark = "\xef\xbb\xbf";
    if (text_.compare(0, 3, kByteOrderMark) == 0) at_ = 3;
    const std::string head = text_.substr(at_, text_.find('\n', at_) - at_);
    for (const char candidate : {',', ';', '\t'})
      if (std::count(head.begin(), head.end(), candidate) > std::count(head.begin(), head.end(), separator_))
        separator_ = candidate;
  }

  bool next(Row& row) {
    row.cells.clear();
    while (at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r')) line_ += text_[at_++] == '\n' ? 1 : 0;
    if (at_ == text_.size()) return false;
    row.line = line_;
    do {
      if (row.cells.size() == kMostColumns) fail("too many columns");
      row.cells.push_back(cell());
    } while (at_ < text_.size() && text_[at_] == separator_ && ++at_ <= text_.size());
    return true;
  }

 private:
  std::string cell() {
    std::string cell;
    if (at_ < text_.size() && text_[at_] == '"') {
      for (++at_;; ++at_) {
        if (at_ == text_.size()) fail("a quote is not closed");
        if (text_[at_] == '\n') ++line_;
        if (text_[at_] != '"') {
          cell += text_[at_];
        } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
          cell += text_[++at_];
        } else {
          break;
        }
      }
      ++at_;
      const bool ends = at_ == text_.size() || text_[at_] == separator_ || text_[at_] == '\n' || text_[at_] == '\r';
      if (!ends) fail("text behind a closing quote");
      return cell;
    }
    while (at_ < text_.size() && text_[at_] != separator_ && text_[at_] != '\n' && text_[at_] != '\r')
      cell += text_[at_++];
    const std::size_t first = cell.find_first_not_of(' '), last = cell.find_last_not_of(' ');
    return first == std::string::npos ? "" : cell.substr(first, last - first + 1);
  }
  [[noreturn]] void fail(const std::string& found) const {
    throw UserError(Mistake{file_, line_, found, "cells separated by commas, semicolons or tabs"});
  }

  const std::string& text_;
  const std::string& file_;
  std::size_t at_ = 0;
  int line_ = 1;
  char separator_ = ',';
};

Table read_table(const std::string& file) {
  const std::string text = whole_text(file);
  Lines lines(text, file);
  Table table{file, {}, {}};
  Row row;
  if (!lines.next(row)) throw UserError(Mistake{file, 1, "no columns", "a first line with their names"});
  table.columns = row.cells;
  while (lines.next(row)) {
    if (row.cells.size() != table.columns.size())
      throw UserError(Mistake{file, row.line, fmt::format("{} cells", row.cells.size()),
                              fmt::format("{}, as many as columns", table.columns.size())});
    table.rows.push_back(row);
  }
  if (table.rows.empty()) throw UserError(Mistake{file, 0, "no rows", "at least one"});
  return table;
}

std::optional<std::size_t> column_of(const Table& table, std::initializer_list<const char*> names) {
  for (const char* name : names)
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      if (table.columns[i] == name) return i;
  return std::nullopt;
}

std::optional<float> number_in(const std::string& cell) {
  char* end = nullptr;
  const float value = std::strtof(cell.c_str(), &end);
  const bool is_number = !cell.empty() && *end == '\0' && std::isfinite(value) && cell.find_first_of("xX") == cell.npos;
  return is_number ? std::optional(value) : std::nullopt;
}

struct NaturalLess {
  bool operator()(const std::string& a, const std::string& b) const { return natural_less(a, b); }
};

// What the training rows make of the columns.
class Features {
 public:
  Features(const Table& train, std::size_t target, std::optional<std::size_t> client) : target_(target) {
    for (std::size_t c = 0; c < train.columns.size(); ++c) {
      if (c == target || c == client) continue;
      Column column{c, {}};
      const bool is_number = std::all_of(train.rows.begin(), train.rows.end(),
                                         [&](const Row& row) { return number_in(row.cells[c]).has_value(); });
      if (!is_number) column.values = values_of(train, c, kMostValues);
      count_ += is_number ? 1 : column.values.size();
      columns_.push_back(std::move(column));
    }
    if (count_ == 0 || count_ > kMostFeatures)
      throw UserError(
          Mistake{train.file, 1, fmt::format("{} features", count_), fmt::format("1 to {}", kMostFeatures)});
    classes_ = values_of(train, target, kMostClasses);
  }

  std::size_t count() const { return count_; }
  std::size_t classes() const { return classes_.size(); }

  std::int32_t label(const Table& table, const Row& row) const {
    const auto found = classes_.find(row.cells[target_]);
    if (found == classes_.end()) table.fail(row, target_, "a class of the training split");
    return found->second;
  }

  void append(const Table& table, const Row& row, std::vector<float>& values) const {
    for (const Column& column : columns_) {
      const std::string& cell = row.cells[column.index];
      if (column.values.empty()) {
        const auto value = number_in(cell);
        if (!value) table.fail(row, column.index, "a number, as everywhere in the training split");
        values.push_back(*value);
        continue;
      }
      // A value that the training split does not have is none of the features.
      const auto found = column.values.find(cell);
      for (std::size_t i = 0; i < column.values.size(); ++i)
        values.push_back(found != column.values.end() && static_cast<std::size_t>(found->second) == i ? 1.0F : 0.0F);
    }
  }

 private:
  // Numbers by their value, then texts.
  using Numbered = std::map<std::string, std::int32_t, NaturalLess>;
  struct Column {
    std::size_t index;
    Numbered values;  // of a column that is not all numbers
  };

  static Numbered values_of(const Table& table, std::size_t column, std::size_t most) {
    Numbered values;
    for (const Row& row : table.rows) {
      values.emplace(row.cells[column], 0);
      if (values.size() > most) table.fail(row, column, fmt::format("at most {} different values in a column", most));
    }
    std::int32_t number = 0;
    for (auto& [value, place] : values) place = number++;
    return values;
  }

  std::size_t target_, count_ = 0;
  std::vector<Column> columns_;
  Numbered classes_;
};

std::pair<Table, Table> read_tables(const fs::path& place) {
  if (fs::is_directory(place))
    return {read_table((place / "train.csv").string()), read_table((place / "test.csv").string())};
  Table train = read_table(place.string());
  constexpr std::size_t kTestShare = 10;
  const std::size_t tests = train.rows.size() / kTestShare;
  if (tests == 0)
    throw UserError(Mistake{train.file, 0, fmt::format("{} rows", train.rows.size()),
                            "at least 10: the last tenth is the test split"});
  Table test{train.file, train.columns, {}};
  test.rows.assign(train.rows.end() - static_cast<std::ptrdiff_t>(tests), train.rows.end());
  train.rows.resize(train.rows.size() - tests);
  return {std::move(train), std::move(test)};
}

ImageSet samples_of(const Table& table, const Features& features, bool values) {
  ImageSet set;
  set.channels = static_cast<int>(features.count());
  set.height = set.width = 1;
  set.has_values = true;
  for (const Row& row : table.rows) {
    set.labels.push_back(features.label(table, row));
    if (values) features.append(table, row, set.values);
  }
  return set;
}

}  // namespace

Dataset read_csv_set(const std::string& place, bool values) {
  const auto [train, test] = read_tables(place);
  if (test.columns != train.columns) throw UserError(Mistake{test.file, 1, "other columns", "those of " + train.file});
  const std::size_t target = column_of(train, {"target", "label", "class"}).value_or(train.columns.size() - 1);
  const std::optional<std::size_t> client = column_of(train, {"client"});
  if (client == target) throw UserError(Mistake{train.file, 1, "no column of classes", "target, label or class"});
  const Features features(train, target, client);
  Dataset data;
  data.train_images = samples_of(train, features, values);
  data.test_images = samples_of(test, features, values);
  data.classes = static_cast<int>(std::max<std::size_t>(2, features.classes()));
  if (!client) return data;
  std::map<std::string, std::int32_t, NaturalLess> clients;
  for (const Row& row : train.rows) clients.emplace(row.cells[*client], 0);
  std::int32_t number = 0;
  for (auto& [name, place_of_name] : clients) place_of_name = number++;
  for (const Row& row : train.rows) data.train_images.groups.push_back(clients.at(row.cells[*client]));
  return data;
}

void check_csv_set(const std::string& place) {
  if (fs::is_directory(place) && !fs::exists(fs::path(place) / "train.csv"))
    throw UserError(Mistake{place, 0, "no train.csv", "train.csv and test.csv, or path=\"ONE.csv\""});
}

}  // namespace msfusion
