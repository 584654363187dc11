// Gives the calling thread a fixed share of a core, whatever else the machine does.
#pragma once

#include <atomic>
#include <ctime>
#include <vector>

namespace msfusion {

/// While it lives, the thread that made it is `share` of the time at work: after every few milliseconds of its own CPU
/// clock a signal makes it sleep until the time has passed in which a core of that share would have done as much. The
/// destructor sleeps for the rest. So the thread takes CPU time / share, as long as the machine can give it that much.
/// Needs no privileges; one at a time in a process. The signal has a stack of its own: some of oneDNN's kernels use the
/// stack pointer for data. A thread of real-time priority has one less meanwhile: what moves messages goes before what
/// trains, as messages take no computing time in the simulator either.
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
  int priority_ = 0;  // to be given back; 0: it was not changed
};

/// Seconds of the clock that all processes of a machine share.
double monotonic_seconds();

/// Returns at once if that time has passed.
void sleep_until(double monotonic);

}  // namespace msfusion
