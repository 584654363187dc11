// Which steps of a plan may start as earlier ones end.
#pragma once

#include <vector>

#include "sim/plan/round_plan.hpp"

namespace msfusion {

/// Keeps its own copy of the plan's dependencies, so the plan need not outlive it.
class DependencyRelease {
 public:
  /// Of the plan's steps from `first` on; all earlier ones have ended, and nothing waits for them.
  explicit DependencyRelease(const RoundPlan& plan, StepId first = 0);

  /// The steps that wait for nothing, in the plan's order.
  std::vector<StepId> initial() const;

  /// What an ended step decides: `ready` may start now, `skipped` never will. Neither names a step again later.
  struct Decided {
    std::vector<StepId> ready, skipped;
  };

  /// To be called once for every step that was started and has ended, done or not; skipped steps are taken care of
  /// here. The result is valid until the next call.
  const Decided& ended(StepId step, bool done);

 private:
  struct Node {
    int first_successor = 0;  ///< into successors_; the next node's begins where these end
    int open = 0;             ///< of `after`, how many have not ended
    bool starts_when_any_done = false;
    bool any_done = false;
    bool decided = false;
  };

  StepId first_;
  std::vector<Node> nodes_;  ///< by step from the first on, and one more
  std::vector<StepId> successors_;
  std::vector<StepId> pending_;
  Decided decided_;
};

}  // namespace msfusion
