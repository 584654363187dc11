// The median of some numbers.
#pragma once

#include <algorithm>
#include <cassert>
#include <vector>

namespace msfusion {

/// Of an even number of values the mean of the two in the middle. At least one value.
inline double median(std::vector<double> values) {
  assert(!values.empty());
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

}  // namespace msfusion
