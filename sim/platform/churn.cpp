#include "sim/platform/churn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/exponential_distribution.hpp>
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_01.hpp>
#include <cmath>

#include "sim/base/error.hpp"
#include "sim/base/random.hpp"
#include "sim/base/seed.hpp"

namespace msfusion {

namespace {

constexpr double kDay = 86400, kHour = 3600;
constexpr int kCycles = 100;

void check(const Churn& churn) {
  const auto positive = [](double seconds) { return seconds > 0 && std::isfinite(seconds); };
  if (!positive(churn.on_seconds) || (churn.kind == Churn::Kind::exponential && !positive(churn.off_seconds)))
    throw UserError(Mistake{
        "", 0, fmt::format("devices that are on for {} s and off for {} s", churn.on_seconds, churn.off_seconds),
        "times above 0"});
  if (churn.kind == Churn::Kind::diurnal && churn.on_seconds > kDay - 2 * kHour)
    throw UserError(Mistake{"", 0, fmt::format("devices that are on for {:.3g} h a day", churn.on_seconds / kHour),
                            "at most 22 h"});
}

// A millisecond is more than anyone can tell, and keeps the file short.
std::string event(double date_seconds, bool on) {
  return fmt::format("{:.3f} {}\n", date_seconds, on ? 1 : 0);
}

std::string exponential_profile(const Churn& churn, Random& random) {
  const double period = churn_period_seconds(churn);
  boost::random::exponential_distribution<double> on_time(1 / churn.on_seconds), off_time(1 / churn.off_seconds);
  bool on = boost::random::uniform_01<double>()(random) < churn.on_seconds / (churn.on_seconds + churn.off_seconds);
  std::string text;
  double date = 0;
  while (date < period - 0.001) {
    text += event(date, on);
    date += std::max(on ? on_time(random) : off_time(random), 0.001);
    on = !on;
  }
  return text;
}

std::string diurnal_profile(const Churn& churn, Random& random) {
  boost::random::normal_distribution<double> hour(0, kHour);
  const double begin = 22 * kHour + std::clamp(hour(random), -2 * kHour, 1.9 * kHour);
  const double length = std::clamp(churn.on_seconds + hour(random), 60.0, kDay - 0.1 * kHour);
  const double end = std::fmod(begin + length, kDay);
  if (end < begin) return event(0, true) + event(std::max(end, 0.001), false) + event(begin, true);
  return event(0, false) + event(begin, true) + event(end, false);
}

}  // namespace

double churn_period_seconds(const Churn& churn) {
  return churn.kind == Churn::Kind::exponential ? kCycles * (churn.on_seconds + churn.off_seconds) : kDay;
}

std::string churn_profile(const Churn& churn, std::uint64_t seed, int device) {
  check(churn);
  Random random(derive_seed(seed, Purpose::churn, static_cast<std::uint64_t>(device)));
  return churn.kind == Churn::Kind::exponential ? exponential_profile(churn, random) : diurnal_profile(churn, random);
}

}  // namespace msfusion
