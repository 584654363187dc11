#include "sim/plan/dependency_release.hpp"

#include <cassert>

namespace msfusion {

DependencyRelease::DependencyRelease(const RoundPlan& plan) : nodes_(plan.steps.size() + 1) {
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    const Step& step = plan.steps[i];
    nodes_[i].open = static_cast<int>(step.after.size());
    nodes_[i].starts_when_any_done = step.starts_when_any_done;
    nodes_[i].decided = step.after.empty();
    for (const StepId earlier : step.after) {
      assert(earlier >= 0 && earlier < static_cast<StepId>(i));
      ++nodes_[static_cast<std::size_t>(earlier) + 1].first_successor;
    }
  }
  std::vector<int> next;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    nodes_[i].first_successor += nodes_[i - 1].first_successor;
    next.push_back(nodes_[i - 1].first_successor);
  }
  successors_.resize(static_cast<std::size_t>(nodes_.back().first_successor));
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    for (const StepId earlier : plan.steps[i].after)
      successors_[static_cast<std::size_t>(next[static_cast<std::size_t>(earlier)]++)] = static_cast<StepId>(i);
}

std::vector<StepId> DependencyRelease::initial() const {
  std::vector<StepId> steps;
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i)
    if (nodes_[i].open == 0) steps.push_back(static_cast<StepId>(i));
  return steps;
}

const DependencyRelease::Decided& DependencyRelease::ended(StepId step, bool done) {
  decided_.ready.clear();
  decided_.skipped.clear();
  pending_.push_back(step);
  while (!pending_.empty()) {
    const StepId from = pending_.back();
    pending_.pop_back();
    const bool from_done = done && from == step;  // all others were skipped
    const auto place = static_cast<std::size_t>(from);
    for (int i = nodes_[place].first_successor; i < nodes_[place + 1].first_successor; ++i) {
      const StepId id = successors_[static_cast<std::size_t>(i)];
      Node& next = nodes_[static_cast<std::size_t>(id)];
      if (next.decided) continue;
      next.any_done = next.any_done || from_done;
      const bool waits = --next.open > 0;
      if (next.starts_when_any_done ? !waits && !next.any_done : !from_done) {
        next.decided = true;
        decided_.skipped.push_back(id);
        pending_.push_back(id);
      } else if (!waits) {
        next.decided = true;
        decided_.ready.push_back(id);
      }
    }
  }
  return decided_;
}

}  // namespace msfusion
