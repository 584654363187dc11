// What the processor's time of a program goes to: for the reader of `msfusion run --profile`, never part of a result.
#pragma once

#include <array>
#include <cstddef>

#include "sim/base/thread_clock.hpp"

namespace msfusion {

enum class Activity {
  preparing,      ///< reading scenario, platform and data; loading LibTorch
  planning,       ///< who trains what, who sends what to whom
  timing,         ///< SimGrid
  gathering,      ///< sub-models out of the full model's values
  training,       ///< local training, from the first batch to the last step
  merging,        ///< what arrived becomes the next model
  evaluating,     ///< scores on the test split
  recording,      ///< the rows of the store
  checkpointing,  ///< saving what a run needs to go on
  reporting,      ///< report and summary at the end
};
constexpr std::size_t kActivities = 10;

/// As in the table that the program prints.
const char* name_of(Activity activity);

/// Processor seconds by activity.
struct CpuProfile {
  std::array<double, kActivities> seconds{};

  double& operator[](Activity activity) { return seconds[static_cast<std::size_t>(activity)]; }
  double operator[](Activity activity) const { return seconds[static_cast<std::size_t>(activity)]; }
  CpuProfile& operator+=(const CpuProfile& other);
  double total() const;
};

/// Charges the calling thread's time to one activity after the other.
class ActivityClock {
 public:
  explicit ActivityClock(CpuProfile& profile) : profile_(profile), last_(thread_cpu_seconds()) {}

  /// What passed since the last call, or since the start, went to `activity`.
  void charge(Activity activity) {
    const double now = thread_cpu_seconds();
    profile_[activity] += now - last_;
    last_ = now;
  }

  /// What passed is counted by somebody else.
  void skip() { last_ = thread_cpu_seconds(); }

 private:
  CpuProfile& profile_;
  double last_;
};

}  // namespace msfusion
