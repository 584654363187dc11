// All-reduce: which devices have the current model. One that was away during a round needs it from another before it
// can train again.
#pragma once

#include <set>

#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

class ModelHolders {
 public:
  /// What happened in a round: an all-reduce leaves its own devices with a new model, and one that broke leaves
  /// everybody with the model that they had.
  void observe(const RoundPlan& plan, const TimedRound& timed);

  /// All begin with the common start.
  bool has_current(NodeId device) const { return has_all_ || holders_.count(device) > 0; }

 private:
  bool has_all_ = true;
  std::set<NodeId> holders_;
};

}  // namespace msfusion
