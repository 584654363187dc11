// c(t) of the double shift: how far apart the windows of neighbouring devices lie.
#pragma once

#include "sim/method/method.hpp"

namespace msfusion {

/// Constant, linear from c0 to its end (1) over the run, or adaptive: a quarter of what is left to 1 whenever the mean
/// loss has not improved for three rounds. The windows of round t + 1 are part of plan t, so what the adaptive schedule
/// learns from round t acts on round t + 2.
class OverlapSchedule {
 public:
  OverlapSchedule(const SplitChoice& split, int rounds);

  void begin(int round) { planned_round_ = round; }
  double control(int round) const;  ///< of the planned round or the one after it
  double current() const { return control(planned_round_); }
  void observe(int round, double mean_loss);

 private:
  SplitChoice::Overlap overlap_;
  double start_, end_;
  int last_round_;
  int planned_round_ = 0;
  double current_, next_;  // adaptive: c of the planned round and of the one after it
  double best_loss_ = 0;
  int stalled_rounds_ = 0;
};

}  // namespace msfusion
