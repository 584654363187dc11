#include "sim/deploy/core_turn.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <ctime>
#include <system_error>

#include "sim/base/thread_clock.hpp"

namespace msfusion {

namespace {

timespec to_timespec(double seconds) {
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  return time;
}

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
}

void wait_for_core(int core) {
  int result = 0;
  do {
    result = flock(core, LOCK_EX);
  } while (result < 0 && errno == EINTR);
  check(result, "flock");
}

}  // namespace

double monotonic_seconds() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

void sleep_until(double monotonic) {
  const timespec until = to_timespec(monotonic);
  while (monotonic > monotonic_seconds() && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

CoreTurn::CoreTurn(const std::string& core_file, double share) : share_(share), due_seconds_(monotonic_seconds()) {
  const int policy = sched_getscheduler(0);
  sched_param priority{};
  if (policy == SCHED_RR || policy == SCHED_FIFO) {
    check(sched_getparam(0, &priority), "sched_getparam");
    if (priority.sched_priority > sched_get_priority_min(policy)) {
      priority_ = priority.sched_priority--;
      check(sched_setparam(0, &priority), "sched_setparam");
    }
  }
  if (!core_file.empty()) {
    core_ = open(core_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    check(core_, core_file.c_str());
    wait_for_core(core_);
  }
  began_cpu_seconds_ = thread_cpu_seconds();
}

double CoreTurn::end() {
  if (has_ended_) return 0;
  has_ended_ = true;
  const double allowed = due_seconds_ + (thread_cpu_seconds() - began_cpu_seconds_) / share_;
  if (core_ >= 0) close(core_);  // frees it
  if (priority_ != 0) {
    sched_param priority{};
    priority.sched_priority = priority_;
    sched_setparam(0, &priority);
  }
  const double late = monotonic_seconds() - allowed;
  if (late > 0) return late;
  if (share_ < 1) sleep_until(allowed);
  return 0;
}

CoreTurn::~CoreTurn() {
  end();
}

}  // namespace msfusion
