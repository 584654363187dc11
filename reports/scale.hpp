// One unit for a whole column, so that its numbers compare at a glance.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/statistics.hpp"

namespace msfusion {

enum class Dimension { seconds, bytes, flops, joules, usd, grams, rounds, share, plain };

struct Scale {
  std::string unit;
  double factor = 1;  ///< base units in one of `unit`
};

/// The largest unit in which the values' geometric mean is at least 1.
Scale choose_scale(Dimension dimension, const std::vector<double>& values);

/// Three significant digits, never an exponent within 1e-4 .. 1e15: 0.123, 1.23, 12.3, 123, 1234.
std::string three_digits(double value);

/// "12.3 ± 0.4", both with the mean's number of decimals; "–" for an unknown figure.
std::string with_interval(const std::optional<Estimate>& figure, const Scale& scale);

}  // namespace msfusion
