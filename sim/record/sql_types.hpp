// How each C++ type of a record is kept in SQLite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/record/records.hpp"

namespace msfusion {

template <class Field>
struct SqlType;

template <>
struct SqlType<int> {
  static constexpr const char* name = "INTEGER";
  static constexpr bool optional = false;
};
template <>
struct SqlType<std::int64_t> : SqlType<int> {};
template <>
struct SqlType<bool> : SqlType<int> {};
template <>
struct SqlType<double> {
  static constexpr const char* name = "REAL";
  static constexpr bool optional = false;
};
template <>
struct SqlType<std::string> {
  static constexpr const char* name = "TEXT";
  static constexpr bool optional = false;
};
/// SQLite's integers have a sign, so the upper half of the range would change its value: decimal text.
template <>
struct SqlType<std::uint64_t> : SqlType<std::string> {};
template <>
struct SqlType<std::vector<std::uint16_t>> {
  static constexpr const char* name = "BLOB";
  static constexpr bool optional = false;
};
template <>
struct SqlType<std::vector<AxisSlice>> : SqlType<std::string> {};
template <>
struct SqlType<std::vector<SpanRecord>> : SqlType<std::string> {};
template <class Field>
struct SqlType<std::optional<Field>> {
  static constexpr const char* name = SqlType<Field>::name;
  static constexpr bool optional = true;
};

}  // namespace msfusion
