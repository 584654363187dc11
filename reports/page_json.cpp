#include "reports/page_json.hpp"

#include <algorithm>
#include <cmath>

namespace msfusion {

double compact(double value) {
  if (value == 0 || !std::isfinite(value)) return value;
  const int exponent = 5 - static_cast<int>(std::floor(std::log10(std::fabs(value))));
  const double power = std::pow(10.0, std::abs(exponent));
  return exponent >= 0 ? std::round(value * power) / power : std::round(value / power) * power;
}

Json number(const Maybe& value) {
  return value ? Json(compact(*value)) : Json(nullptr);
}

std::vector<std::size_t> evenly(std::size_t count, std::size_t most) {
  std::vector<std::size_t> chosen;
  if (count == 0 || most == 0) return chosen;
  const std::size_t kept = std::min(count, std::max<std::size_t>(most, 2));
  for (std::size_t i = 0; i < kept; ++i) chosen.push_back(kept == 1 ? 0 : i * (count - 1) / (kept - 1));
  return chosen;
}

}  // namespace msfusion
