// Gossip with updates (CHOCO): who has the current public copy of whom. A copy that missed a message is outdated, and
// is sent whole at the next contact.
#pragma once

#include <set>
#include <utility>

#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

class PublicCopies {
 public:
  /// What happened in a round: a device that trained has changed its copy, and those that its message reached know.
  void observe(const RoundPlan& plan, const TimedRound& timed, const std::vector<std::vector<NodeId>>& neighbours);

  /// `holder` lacks something of the copy of `device`. All begin with the common start.
  bool is_outdated(NodeId device, NodeId holder) const { return outdated_.count({device, holder}) > 0; }

 private:
  std::set<std::pair<NodeId, NodeId>> outdated_;  // device, holder
};

}  // namespace msfusion
