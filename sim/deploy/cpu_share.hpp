// Gives the calling thread a fixed share of a core, whatever else the machine does.
#pragma once

#include <atomic>
#include <ctime>
#include <vector>

namespace msfusion {

/// While it lives, the thread that made it works `share` of the time: after every few milliseconds of its CPU time a
/// signal makes it sleep until a core of that share would have done the same work. The destructor sleeps for the rest.
/// The thread therefore takes CPU time / share, as long as the machine can give it that much. It needs no privileges;
/// there may be one at a time in a process. The signal has its own stack, because some of oneDNN's kernels use the
/// stack pointer for data. A thread of real-time priority has one less meanwhile, so that threads that move messages go
/// before those that train: messages take no computing time in the simulator either.
class CpuShare {
 public:
  explicit CpuShare(double share);  ///< in (0, 1]; 1 does nothing
  ~CpuShare();
  CpuShare(const CpuShare&) = delete;
  CpuShare& operator=(const CpuShare&) = delete;

 private:
  void start_timer();

  double share_;
  std::vector<char> stack_;  // of the signal handler
  timer_t timer_{};
  int priority_ = 0;  // to be restored; 0: it was not changed
};

/// Seconds on the clock that all processes of a machine share.
double monotonic_seconds();

/// Returns at once if the time has passed.
void sleep_until(double monotonic);

}  // namespace msfusion
