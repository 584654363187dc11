#include "reports/off_times.hpp"

#include <algorithm>
#include <cmath>

namespace msfusion {

std::map<NodeId, StateEvents> state_profiles(const StoreReader& store, int run) {
  std::map<NodeId, StateEvents> profiles;
  for (const StateEventRecord& event : store.state_events(run)) profiles[event.device].push_back(event);
  return profiles;
}

std::optional<std::vector<std::pair<double, double>>> off_times(const StateEvents& events, double from, double to,
                                                                std::size_t most) {
  std::vector<std::pair<double, double>> times;
  const double period = events.front().period_seconds.value_or(0);
  double base = 0, since = from;
  bool is_on = true;
  if (period > 0 && from > period) {
    base = (std::floor(from / period) - 1) * period;  // one repetition early: the division may be rounded up
    if (base > 0) is_on = events.back().is_on;
  }
  const auto add = [&](double end) {
    const double begin = std::max(since, from);
    if (end > begin) times.emplace_back(begin, end);
  };
  do {
    for (const StateEventRecord& event : events) {
      const double now = base + event.seconds;
      if (now >= to) break;
      if (event.is_on && !is_on) add(now);
      if (!event.is_on && is_on) since = now;
      is_on = event.is_on;
      if (times.size() > most) return std::nullopt;
    }
    base += period;
  } while (period > 0 && base < to);
  if (!is_on) add(to);
  if (times.size() > most) return std::nullopt;
  return times;
}

}  // namespace msfusion
