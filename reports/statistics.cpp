#include "reports/statistics.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <numeric>

namespace msfusion {

bool overlap(const Estimate& a, const Estimate& b) {
  const double a_half = a.half_width.value_or(0), b_half = b.half_width.value_or(0);
  return a.mean - a_half <= b.mean + b_half && b.mean - b_half <= a.mean + a_half;
}

double t_quantile(int count) {
  return boost::math::quantile(boost::math::students_t(count - 1), 0.975);
}

std::optional<Estimate> estimate(const std::vector<double>& values) {
  if (values.empty()) return {};
  Estimate result;
  const auto count = static_cast<double>(values.size());
  result.count = static_cast<int>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  if (values.size() > 1) {
    double squares = 0;
    for (const double value : values) squares += (value - result.mean) * (value - result.mean);
    result.half_width = t_quantile(result.count) * std::sqrt(squares / (count - 1) / count);
  }
  return result;
}

}  // namespace msfusion
