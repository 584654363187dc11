#include "sim/deploy/cpu_share.hpp"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <system_error>

#include "sim/base/thread_clock.hpp"

namespace msfusion {

namespace {

constexpr double kSliceSeconds = 0.002;       // CPU time between two rests
constexpr std::size_t kStackBytes = 1 << 16;  // a signal's frame holds some kilobytes of vector registers

// Read by the signal handler, which runs on the limited thread itself.
double began_seconds = 0, began_cpu_seconds = 0, share_of_core = 1;

void rest() {
  sleep_until(began_seconds + (thread_cpu_seconds() - began_cpu_seconds) / share_of_core);
}

void on_signal(int) {
  const int saved = errno;
  rest();
  errno = saved;
}

timespec to_timespec(double seconds) {
  timespec time{};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  return time;
}

void check(int result, const char* what) {
  if (result != 0) throw std::system_error(errno, std::generic_category(), what);
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

CpuShare::CpuShare(double share) : share_(share) {
  if (share_ < 1) start_timer();
  // After the clock was read: waiting for a core counts against the share from here on.
  const int policy = sched_getscheduler(0);
  sched_param priority{};
  if (policy != SCHED_RR && policy != SCHED_FIFO) return;
  check(sched_getparam(0, &priority), "sched_getparam");
  if (priority.sched_priority <= sched_get_priority_min(policy)) return;
  priority_ = priority.sched_priority--;
  check(sched_setparam(0, &priority), "sched_setparam");
}

void CpuShare::start_timer() {
  share_of_core = share_;
  began_seconds = monotonic_seconds();
  began_cpu_seconds = thread_cpu_seconds();
  stack_.resize(kStackBytes);
  stack_t stack{};
  stack.ss_sp = stack_.data();
  stack.ss_size = stack_.size();
  check(sigaltstack(&stack, nullptr), "sigaltstack");
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART | SA_ONSTACK;
  check(sigaction(SIGRTMIN, &action, nullptr), "sigaction");
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMIN;
  event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
  check(timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &timer_), "timer_create");
  const timespec slice = to_timespec(kSliceSeconds);
  const itimerspec period{slice, slice};
  check(timer_settime(timer_, 0, &period, nullptr), "timer_settime");
}

CpuShare::~CpuShare() {
  if (share_ < 1) {
    timer_delete(timer_);
    stack_t none{};
    none.ss_flags = SS_DISABLE;
    sigaltstack(&none, nullptr);
    rest();
  }
  if (priority_ == 0) return;
  sched_param priority{};
  priority.sched_priority = priority_;
  sched_setparam(0, &priority);
}

}  // namespace msfusion
