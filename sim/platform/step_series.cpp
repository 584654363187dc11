#include "sim/platform/step_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/platform/csv_lines.hpp"

namespace msfusion {

double StepSeries::at(double seconds) const {
  const double within = std::fmod(seconds, period_seconds);
  const auto after = std::upper_bound(starts.begin(), starts.end(), within);
  return values[static_cast<std::size_t>(after - starts.begin()) - 1];
}

double StepSeries::next_change(double seconds) const {
  const double base = std::floor(seconds / period_seconds) * period_seconds;
  for (int repetition = 0; repetition < 3; ++repetition)
    for (const double start : starts)
      if (const double date = base + repetition * period_seconds + start; date > seconds) return date;
  return base + 3 * period_seconds;
}

double StepSeries::mean() const {
  double sum = 0;
  for (std::size_t i = 0; i < starts.size(); ++i)
    sum += values[i] * ((i + 1 < starts.size() ? starts[i + 1] : period_seconds) - starts[i]);
  return sum / period_seconds;
}

Profile StepSeries::as_profile(double factor) const {
  Profile profile;
  for (std::size_t i = 0; i < starts.size(); ++i) profile.events.push_back({starts[i], values[i] * factor});
  profile.period_seconds = period_seconds;
  return profile;
}

StepSeries read_step_series(const std::string& file, const std::string& column, double low, double high) {
  StepSeries series;
  using Problem = std::optional<std::pair<std::string, std::string>>;
  read_csv_lines(file, {"start_s", column}, {}, [&](const CsvLine& line) -> Problem {
    const auto start = csv_number(line.fields[0]);
    if (!start) return {{fmt::format("start_s \"{}\"", line.fields[0]), "seconds, 0 or more"}};
    if (series.period_seconds > 0) return {{"a line behind the end", "the end as the last line: \"86400,\""}};
    if (series.starts.empty() && *start != 0)
      return {{fmt::format("a first step at {} s", line.fields[0]), "a first step at 0"}};
    if (!series.starts.empty() && *start <= series.starts.back())
      return {{fmt::format("start_s {} after {}", line.fields[0], series.starts.back()), "ascending starts"}};
    if (line.fields[1].empty() && !series.starts.empty()) {
      series.period_seconds = *start;
      return {};
    }
    const auto value = csv_number(line.fields[1], low);
    if (!value || *value > high)
      return {{fmt::format("{} \"{}\"", column, line.fields[1]), fmt::format("a number from {} to {}", low, high)}};
    series.starts.push_back(*start);
    series.values.push_back(*value);
    return {};
  });
  constexpr double kShortest = 1e-3;
  if (series.period_seconds < kShortest)
    throw UserError(
        Mistake{file, 0, "no end, after which the steps repeat", "a last line of the end alone: \"86400,\""});
  return series;
}

}  // namespace msfusion
