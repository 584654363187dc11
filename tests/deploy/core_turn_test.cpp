#include "sim/deploy/core_turn.hpp"

#include <sched.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

#include "sim/base/thread_clock.hpp"
#include "sim/deploy/pinning.hpp"
#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

/// CPU time of this thread until `seconds` of it have passed.
void work(double seconds) {
  const double began = thread_cpu_seconds();
  volatile double value = 0;
  while (thread_cpu_seconds() - began < seconds) value = value + 1;
}

struct CoreFile {
  std::string name = (std::filesystem::temp_directory_path() / ("msfusion-core-" + std::to_string(getpid()))).string();
  ~CoreFile() { std::filesystem::remove(name); }
};

}  // namespace

TEST_CASE("a training with a share of a core takes its CPU time divided by the share, from when it was due") {
  const double began = monotonic_seconds(), cpu_began = thread_cpu_seconds();
  double cpu = 0;
  {
    CoreTurn turn("", 0.25);
    work(0.05);
    cpu = thread_cpu_seconds() - cpu_began;
    CHECK(turn.end() < 1);
  }
  const double took = monotonic_seconds() - began;
  CHECK(took >= cpu / 0.25 - 1e-3);
  CHECK(took < cpu / 0.25 + 1);  // more only where the machine was busy
}

TEST_CASE("who shares a core trains one after the other, and both are done when a core of that share would be") {
  const CoreFile core;
  std::atomic<int> training{0};
  std::atomic<bool> together{false};
  std::vector<double> took(2);
  std::vector<std::thread> nodes;
  for (double& seconds : took)
    nodes.emplace_back([&] {
      const double began = monotonic_seconds();
      CoreTurn turn(core.name, 0.25);
      if (++training > 1) together = true;
      work(0.05);
      --training;
      turn.end();
      seconds = monotonic_seconds() - began;
    });
  for (std::thread& node : nodes) node.join();
  CHECK_FALSE(together);
  for (const double seconds : took) {
    CHECK(seconds >= 0.2 - 1e-3);
    CHECK(seconds < 0.2 + 1);
  }
}

TEST_CASE("a turn that could not be done in time says by how much") {
  const CoreFile core;
  double late = 0;
  std::atomic<bool> is_due{false};
  std::thread other;
  {
    CoreTurn turn(core.name, 1);
    other = std::thread([&] {
      is_due = true;
      CoreTurn mine(core.name, 1);  // due now, but the core is not free for a while
      work(0.01);
      late = mine.end();
    });
    while (!is_due) std::this_thread::yield();
    sleep_until(monotonic_seconds() + 0.3);
  }
  other.join();
  CHECK(late >= 0.1);
}

TEST_CASE("turns fit where all of a core's work is done before the first share is over") {
  // Node 0 takes 1 s and node 1 takes 2 s, on a share each; on the core itself that is 0.4 and 0.8 s.
  CHECK(turns_fit({0, 0}, {1, 2}, {0.4, 0.4}) == false);  // node 0 may wait for 0.8 s, and is late by 0.2
  CHECK(turns_fit({0, 1}, {1, 2}, {0.4, 0.4}));
  CHECK(turns_fit({0, 0}, {2, 2}, {0.5, 0.5}));
  CHECK_FALSE(turns_fit({0, 0, 0}, {2, 2, 2}, {0.5, 0.5, 0.5}));
  CHECK(turns_fit({0, 0}, {2, 0}, {1, 0.5}));  // who does not train needs no turn
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
        const CoreTurn turn("", part);
        CHECK(now() == 1);
      }
      CHECK(now() == 2);
    }
  }).join();
}

TEST_CASE("a whole core is not limited") {
  const double began = monotonic_seconds();
  { const CoreTurn turn("", 1); }
  CHECK(monotonic_seconds() - began < 1);
}
