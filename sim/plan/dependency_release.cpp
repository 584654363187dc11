#include "sim/plan/dependency_release.hpp"

#include <cassert>

namespace msfusion {

DependencyRelease::DependencyRelease(const RoundPlan& plan, StepId first)
    : first_(first), nodes_(plan.steps.size() - static_cast<std::size_t>(first) + 1) {
  const auto step_of = [&](std::size_t i) -> const Step& { return plan.steps[i + static_cast<std::size_t>(first)]; };
  const std::size_t steps = nodes_.size() - 1;
  for (std::size_t i = 0; i < steps; ++i) {
    const Step& step = step_of(i);
    nodes_[i].starts_when_any_done = step.starts_when_any_done;
    for (const StepId earlier : step.after) {
      assert(earlier >= 0 && earlier < first + static_cast<StepId>(i));
      if (earlier < first) continue;
      ++nodes_[i].open;
      ++nodes_[static_cast<std::size_t>(earlier - first) + 1].first_successor;
    }
    nodes_[i].decided = nodes_[i].open == 0;
  }
  std::vector<int> next;
  for (std::size_t i = 1; i < nodes_.size(); ++i) {
    nodes_[i].first_successor += nodes_[i - 1].first_successor;
    next.push_back(nodes_[i - 1].first_successor);
  }
  successors_.resize(static_cast<std::size_t>(nodes_.back().first_successor));
  for (std::size_t i = 0; i < steps; ++i)
    for (const StepId earlier : step_of(i).after)
      if (earlier >= first)
        successors_[static_cast<std::size_t>(next[static_cast<std::size_t>(earlier - first)]++)] =
            first + static_cast<StepId>(i);
}

std::vector<StepId> DependencyRelease::initial() const {
  std::vector<StepId> steps;
  for (std::size_t i = 0; i + 1 < nodes_.size(); ++i)
    if (nodes_[i].open == 0) steps.push_back(first_ + static_cast<StepId>(i));
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
    const auto place = static_cast<std::size_t>(from - first_);
    for (int i = nodes_[place].first_successor; i < nodes_[place + 1].first_successor; ++i) {
      const StepId id = successors_[static_cast<std::size_t>(i)];
      Node& next = nodes_[static_cast<std::size_t>(id - first_)];
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
