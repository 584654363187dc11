// Quantiles and spread of a sample.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace msfusion {

/// With each of the n values in the middle of its n-th part of the distribution, and straight lines between them.
inline double quantile(std::vector<double> values, double share) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  const double place = share * static_cast<double>(values.size()) - 0.5;
  if (place <= 0) return values.front();
  const auto below = static_cast<std::size_t>(std::floor(place));
  if (below + 1 >= values.size()) return values.back();
  return values[below] + (place - static_cast<double>(below)) * (values[below + 1] - values[below]);
}

inline double root_mean_square(const std::vector<double>& values) {
  assert(!values.empty());
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

}  // namespace msfusion
