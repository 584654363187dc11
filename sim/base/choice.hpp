// Closed sets as tables: one row a value, with the name that users write, its meaning, and what is true of it.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace msfusion {

/// One value of a closed set. A set whose values have more facts derives its row from this one.
template <class T>
struct Choice {
  using Value = T;
  T value;
  const char* name;     ///< as scenario files, messages and reports write it
  const char* meaning;  ///< one line
};

/// The row of a value. Every enumerator has one: a missing row is our own mistake, never a default.
template <class Table, class T>
const auto& row_of(const Table& table, T value) {
  for (const auto& row : table)
    if (row.value == value) return row;
  throw std::logic_error("a table of choices lacks a row");
}

template <class Table, class T>
const char* name_of(const Table& table, T value) {
  return row_of(table, value).name;
}

/// The value of that name, if there is one.
template <class Table>
auto value_of(const Table& table, std::string_view name) {
  using Value = decltype(table.begin()->value);
  std::optional<std::remove_const_t<Value>> found;
  for (const auto& row : table)
    if (name == row.name) found = row.value;
  return found;
}

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& row : table) names.emplace_back(row.name);
  return names;
}

}  // namespace msfusion
