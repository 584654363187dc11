// How long the calling thread has been computing: what other programs use meanwhile is not in it.
#pragma once

#include <ctime>

namespace msfusion {

inline double thread_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace msfusion
