#include "sim/platform/profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "sim/base/units.hpp"

namespace msfusion {

namespace {

std::string value_problem(double value, ProfileKind kind) {
  switch (kind) {
    case ProfileKind::state:
      return value == 0 || value == 1 ? "" : "a state is 0 (off) or 1 (on)";
    case ProfileKind::speed:
      return value > 0 ? "" : "a share of the speed above 0; a host is switched off by a state profile";
    case ProfileKind::bandwidth:
      return value > 0 ? "" : "bytes per second above 0; a link is switched off by a state profile";
    case ProfileKind::latency:
      return value >= 0 ? "" : "seconds, 0 or more";
  }
  return "";
}

}  // namespace

std::optional<double> Profile::next_date(double now_seconds) const {
  if (events.empty()) return {};
  double base = 0;
  if (period_seconds) {
    // One repetition earlier than the division says: it may be rounded up.
    base = std::max(0.0, std::floor(now_seconds / *period_seconds) - 1) * *period_seconds;
  }
  const int repetitions = period_seconds ? 3 : 1;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const auto later = std::find_if(events.begin(), events.end(),
                                    [&](const Event& event) { return base + event.date_seconds > now_seconds; });
    if (later != events.end()) return base + later->date_seconds;
    base += period_seconds.value_or(0);
  }
  return {};
}

Profile parse_profile(const std::string& text, const std::string& file, int first_line,
                      std::optional<double> period_seconds, ProfileKind kind, std::vector<Mistake>& mistakes) {
  Profile profile;
  const std::size_t mistakes_before = mistakes.size();
  std::istringstream lines(text);
  std::string line_text;
  double loop_after = 0;
  double period = period_seconds.value_or(0);  // 0: as long as the events take, and `loop_after`
  bool loops = period > 0;
  for (int line = first_line; std::getline(lines, line_text); ++line) {
    std::istringstream stream(line_text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (words.empty() || words[0][0] == '#' || words[0][0] == '%') continue;
    if (words[0] == "STOCHASTIC") {
      profile.stochastic = true;
      continue;
    }
    if (profile.stochastic) continue;
    if (words.size() == 2 && (words[0] == "PERIODICITY" || words[0] == "LOOPAFTER")) {
      const auto seconds = parse_number(words[1]);
      if (!seconds || *seconds < 0) {
        mistakes.push_back({file, line, fmt::format("{} '{}'", words[0], words[1]), "seconds, 0 or more"});
        continue;
      }
      loops = true;
      if (words[0] == "PERIODICITY") {
        period = *seconds;
      } else {
        loop_after = *seconds;
      }
      continue;
    }
    const auto date = parse_number(words[0]);
    const auto value = parse_number(words.size() == 2 ? words[1] : "");
    if (!date || *date < 0 || !value) {
      mistakes.push_back({file, line, fmt::format("'{}'", line_text), "a date in seconds and a value: \"12.5 1\""});
      continue;
    }
    if (!profile.events.empty() && *date < profile.events.back().date_seconds) {
      mistakes.push_back({file, line, fmt::format("date {} after {}", words[0], profile.events.back().date_seconds),
                          "dates in ascending order"});
      continue;
    }
    if (const std::string problem = value_problem(*value, kind); !problem.empty()) {
      mistakes.push_back({file, line, fmt::format("value {}", words[1]), problem});
      continue;
    }
    profile.events.push_back({*date, *value});
  }
  if (profile.stochastic) {
    profile.events.clear();
    return profile;
  }
  if (mistakes.size() > mistakes_before) return profile;
  if (profile.events.empty()) {
    mistakes.push_back({file, first_line, "a profile without events", "lines of a date in seconds and a value"});
    return profile;
  }
  if (loops) {
    const double last = profile.events.back().date_seconds;
    // SimGrid carries out every event of every repetition.
    constexpr double kShortestPeriod = 1e-3;
    const double length = period > 0 ? period : last + loop_after;
    if (length > 0 && length >= last && length < kShortestPeriod) {
      mistakes.push_back({file, first_line, fmt::format("a profile that repeats every {} s", length),
                          fmt::format("a period of at least {} s: each repetition is simulated", kShortestPeriod)});
      return profile;
    }
    if (length <= 0 || length < last) {
      mistakes.push_back({file, first_line, fmt::format("a profile of {} s that repeats every {} s", last, length),
                          "a period above 0 that the events fit into"});
    } else {
      profile.period_seconds = length;
    }
  }
  return profile;
}

}  // namespace msfusion
