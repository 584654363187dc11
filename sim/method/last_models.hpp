// Votes: which devices have the model of the last round, so that what was decided since is enough for them.
#pragma once

#include <map>

#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

class LastModels {
 public:
  /// Notes who received a model in the round.
  void observe(const RoundPlan& plan, const TimedRound& timed);

  /// The task's device had the same slice of the model in the round before.
  bool has(const TrainTask& task, int round) const;

 private:
  struct Held {
    int round = 0;
    WidthSlice slice;
  };
  std::map<NodeId, Held> held_;
};

}  // namespace msfusion
