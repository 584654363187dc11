// Lines of numbers separated by commas, as traces are written: read one by one, with their line for messages.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/error.hpp"

namespace msfusion {

/// Fields of a line, valid while it is read.
struct CsvLine {
  int number = 0;
  std::vector<std::string_view> fields;
};

/// Calls `line` for every line after the heading, which must be `columns`. Comments begin with # and are given to
/// `comment`, if there is one, without it. `line` returns what is wrong with it and what is allowed, or nothing. Throws
/// UserError with the first mistakes, and for a file that cannot be read or is too large.
void read_csv_lines(const std::string& file, const std::vector<std::string>& columns,
                    const std::function<void(std::string_view)>& comment,
                    const std::function<std::optional<std::pair<std::string, std::string>>(const CsvLine&)>& line);

/// A number from `low` up to 1e15, without a sign; none: the text is no such number.
std::optional<double> csv_number(std::string_view text, double low = 0);

}  // namespace msfusion
