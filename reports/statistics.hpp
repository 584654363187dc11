// Means over seeds and how sure they are.
#pragma once

#include <optional>
#include <vector>

namespace msfusion {

struct Estimate {
  double mean = 0;
  std::optional<double> half_width;  ///< of the 95 % interval (Student's t); none for a single value
  int count = 0;
};

/// Whether the intervals have something in common. Estimates of one value have none; they differ where the values do.
bool overlap(const Estimate& a, const Estimate& b);

/// Nothing for no values.
std::optional<Estimate> estimate(const std::vector<double>& values);

/// The 97.5 % quantile of Student's t with count - 1 degrees of freedom; count >= 2.
double t_quantile(int count);

}  // namespace msfusion
