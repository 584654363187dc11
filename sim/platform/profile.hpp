// SimGrid's profiles: how a host's or link's state, speed, bandwidth or latency changes over time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.hpp"

namespace msfusion {

/// A list of (date, value) that happens once or again and again. SimGrid itself applies it; it is read here to find
/// mistakes with their lines, and to know at which dates something changes.
struct Profile {
  struct Event {
    double date_seconds = 0;  ///< from the start of each repetition
    double value = 0;
  };
  std::vector<Event> events;             ///< by date
  std::optional<double> period_seconds;  ///< none: happens once
  bool stochastic = false;               ///< SimGrid draws the dates; `events` is empty

  /// The first date after `now_seconds` at which an event happens.
  std::optional<double> next_date(double now_seconds) const;
};

/// What a profile's values stand for; it decides which values are allowed.
enum class ProfileKind { state, speed, bandwidth, latency };

/// Reads SimGrid's profile text. `file` and `first_line` say where the text begins; `period_seconds` is the periodicity
/// attribute of a <trace> (none or not positive: as the text says). Mistakes are added; the result is then of no use.
Profile parse_profile(const std::string& text, const std::string& file, int first_line,
                      std::optional<double> period_seconds, ProfileKind kind, std::vector<Mistake>& mistakes);

}  // namespace msfusion
