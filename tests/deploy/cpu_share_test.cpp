#include "sim/deploy/cpu_share.hpp"

#include <sched.h>
#include <signal.h>

#include <thread>

#include "sim/base/thread_clock.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

TEST_CASE("a thread with a share of a core takes at least its CPU time divided by the share") {
  const double began = monotonic_seconds(), cpu_began = thread_cpu_seconds();
  double cpu = 0;
  {
    const CpuShare share(0.25);
    // The signal that makes the thread rest has its own stack.
    stack_t stack{};
    struct sigaction action {};
    REQUIRE(sigaltstack(nullptr, &stack) == 0);
    REQUIRE((stack.ss_flags & SS_DISABLE) == 0);
    REQUIRE(sigaction(SIGRTMIN, nullptr, &action) == 0);
    REQUIRE((action.sa_flags & SA_ONSTACK) != 0);
    volatile double value = 0;
    while (thread_cpu_seconds() - cpu_began < 0.05) value = value + 1;
    cpu = thread_cpu_seconds() - cpu_began;
  }
  const double took = monotonic_seconds() - began;
  CHECK(took >= cpu / 0.25);
  CHECK(took < cpu / 0.25 + 1);  // more only where the machine was busy
}

TEST_CASE("a thread of real-time priority trains with one less and gets its own back afterwards") {
  std::thread([] {
    sched_param priority{};
    priority.sched_priority = 2;
    if (sched_setscheduler(0, SCHED_RR, &priority) != 0) return;  // not allowed here
    const auto now = [] {
      sched_param current{};
      sched_getparam(0, &current);
      return current.sched_priority;
    };
    for (const double part : {0.5, 1.0}) {
      {
        const CpuShare share(part);
        CHECK(now() == 1);
      }
      CHECK(now() == 2);
    }
  }).join();
}

TEST_CASE("a whole core is not limited") {
  const double began = monotonic_seconds();
  { const CpuShare share(1); }
  CHECK(monotonic_seconds() - began < 1);
}
