#include "sim/method/overlap_schedule.hpp"

#include <algorithm>

namespace msfusion {

namespace {

constexpr double kDynamicStart = 0.5;
constexpr int kPatience = 3;            // rounds without a better mean loss before the adaptive overlap moves
constexpr double kAdaptiveStep = 0.25;  // of what is left to 1

}  // namespace

OverlapSchedule::OverlapSchedule(const SplitChoice& split, int rounds)
    : overlap_(split.overlap),
      start_(split.control.value_or(split.overlap == SplitChoice::Overlap::constant ? 1 : kDynamicStart)),
      end_(split.control_end),
      last_round_(rounds - 1),
      current_(start_),
      next_(start_) {}

double OverlapSchedule::control(int round) const {
  switch (overlap_) {
    case SplitChoice::Overlap::constant:
      return start_;
    case SplitChoice::Overlap::linear:
      return last_round_ <= 0 ? end_ : start_ + (end_ - start_) * std::min(round, last_round_) / last_round_;
    case SplitChoice::Overlap::adaptive:
      break;
  }
  return round <= planned_round_ ? current_ : next_;
}

void OverlapSchedule::observe(int round, double mean_loss) {
  current_ = next_;
  const bool better = round == 0 || mean_loss < best_loss_;
  if (better) best_loss_ = mean_loss;
  stalled_rounds_ = better ? 0 : stalled_rounds_ + 1;
  if (stalled_rounds_ < kPatience) return;
  next_ += kAdaptiveStep * (1 - next_);
  stalled_rounds_ = 0;
}

}  // namespace msfusion
