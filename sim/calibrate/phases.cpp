#include "sim/calibrate/phases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <stdexcept>

#include "sim/base/median.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kAround = 7;  // moments before and after: phases of a virtual machine last for a second or more
constexpr int kTurns = 8;           // of taking the speed from the times and the times from the speed

std::vector<double> smoothed(const std::vector<double>& values) {
  std::vector<double> result;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto at = values.begin() + static_cast<std::ptrdiff_t>(i);
    result.push_back(median({at - static_cast<std::ptrdiff_t>(std::min(i, kAround)),
                             at + static_cast<std::ptrdiff_t>(std::min(values.size() - i, kAround + 1))}));
  }
  return result;
}

/// By second since measuring began: the median of what was seen in it.
std::map<long, double> speeds_by_second(const std::vector<SpeedAt>& moments) {
  if (moments.empty()) throw std::logic_error("no moment to take a speed from");
  std::map<long, std::vector<double>> seen;
  for (const SpeedAt& moment : moments) seen[static_cast<long>(std::floor(moment.seconds))].push_back(moment.ratio);
  std::map<long, double> speeds;
  for (const auto& [second, ratios] : seen) speeds[second] = median(ratios);
  return speeds;
}

}  // namespace

std::vector<double> at_usual_speed(const std::vector<std::vector<double>>& passes) {
  const std::size_t things = passes.front().size();
  std::vector<double> slowness(passes.size() * things);  // logarithm, of every moment
  const auto usual = [&](std::size_t thing, auto average) {
    std::vector<double> times;
    for (std::size_t p = 0; p < passes.size(); ++p)
      times.push_back(std::log(passes[p][thing]) - slowness[p * things + thing]);
    return average(times);
  };
  const auto mean = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  // With medians of few passes the turns would not get away from where they begin.
  for (int turn = 0; turn < kTurns; ++turn) {
    std::vector<double> level, distance;
    for (std::size_t i = 0; i < things; ++i) level.push_back(usual(i, mean));
    for (const auto& pass : passes)
      for (std::size_t i = 0; i < things; ++i) distance.push_back(std::log(pass[i]) - level[i]);
    slowness = smoothed(distance);
    const double middle = median(slowness);
    for (double& s : slowness) s -= middle;
  }
  std::vector<double> seconds;
  for (std::size_t i = 0; i < things; ++i) seconds.push_back(std::exp(usual(i, median)));
  return seconds;
}

std::string speed_profile(const std::vector<SpeedAt>& moments) {
  const std::map<long, double> speeds = speeds_by_second(moments);
  std::string text;
  for (const auto& [second, speed] : speeds)
    // The first line holds from the start on, whenever the first measurement was.
    text += fmt::format("{} {:.4g}\n", text.empty() ? 0 : second, speed);
  return text + fmt::format("PERIODICITY {}\n", speeds.rbegin()->first + 1);
}

double speed_variation(const std::vector<SpeedAt>& moments) {
  const std::map<long, double> speeds = speeds_by_second(moments);
  if (speeds.size() < 2) return 0;
  double sum = 0, squares = 0;
  for (const auto& [second, speed] : speeds) {
    sum += std::log(speed);
    squares += std::log(speed) * std::log(speed);
  }
  const auto count = static_cast<double>(speeds.size());
  return std::sqrt(std::max(0.0, (squares - sum * sum / count) / (count - 1)));
}

}  // namespace msfusion
