// A record's field as a field of a CSV line.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>

#include "sim/record/encoding.hpp"
#include "sim/record/format.hpp"
#include "sim/record/records.hpp"

namespace msfusion {

inline std::string csv_text(int value) {
  return std::to_string(value);
}
inline std::string csv_text(bool value) {
  return value ? "1" : "0";
}
inline std::string csv_text(std::int64_t value) {
  return std::to_string(value);
}
inline std::string csv_text(std::uint64_t value) {
  return std::to_string(value);
}
inline std::string csv_text(double value) {
  return exact_number(value);
}
inline std::string csv_text(const std::string& value) {
  return csv_field(value);
}
inline std::string csv_text(const std::vector<AxisSlice>& slice) {
  return csv_field(text_of(slice));
}
inline std::string csv_text(const std::vector<SpanRecord>& spans) {
  return csv_field(text_of(spans));
}
inline std::string csv_text(const std::vector<std::uint16_t>& values) {
  return fmt::format("{}", fmt::join(values, " "));
}
template <class Field>
std::string csv_text(const std::optional<Field>& value) {
  return value ? csv_text(*value) : "";
}

}  // namespace msfusion
