// Which chain of steps made a round as long as it was.
#pragma once

#include <string>
#include <vector>

#include "sim/plan/fleet.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

/// Steps of the plan in the order of time, each starting when the one before it ended, because it comes after that one
/// or, where a node sends a few messages at a time, had to wait for its turn; the last one is what ended last.
/// Empty where nothing was done. `seconds` is from the first one's start to the last one's end: the round's length when
/// it closed on all.
struct CriticalPath {
  std::vector<StepId> steps;
  double seconds = 0;
  NodeId node =
      -1;  ///< with most time on the path; a transfer counts for the device at either end that is not the server
};

/// One item of the path: neighbouring steps of the same kind between the same nodes are one.
struct CriticalLeg {
  NodeId from = 0, to = 0;  ///< computing: the same
  double start_seconds = 0, end_seconds = 0;
  double seconds = 0;           ///< in its steps
  bool only_made_room = false;  ///< a send that the next one waited for, but does not come after
};

CriticalPath critical_path(const RoundPlan& plan, const TimedRound& timed, const Fleet& fleet);

std::vector<CriticalLeg> legs(const CriticalPath& path, const RoundPlan& plan, const TimedRound& timed);

/// "phone-3 computes 12 s, phone-3 -> server 4.1 s": neighbouring steps of the same kind are one item, and
/// "198 earlier sends of phone-3 22 min" are all those that one after the other made room for the next.
std::string describe(const CriticalPath& path, const RoundPlan& plan, const TimedRound& timed, const Fleet& fleet);

}  // namespace msfusion
