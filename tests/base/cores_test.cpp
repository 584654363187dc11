#include "sim/base/cores.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <new>
#include <thread>
#include <vector>

#include "tests/support/catch.hpp"

using namespace msfusion;

namespace {

struct Counters {
  std::atomic<int> now{0}, most{0}, jobs{0}, ready{0};
};

Counters* shared_counters() {
  void* memory = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return new (memory) Counters;
}

pid_t in_child(const std::function<void()>& work) {
  const pid_t child = fork();
  if (child == 0) {
    work();
    _exit(0);
  }
  return child;
}

void one_job(CoreBudget& cores, Counters& counters) {
  const CoreLease lease(&cores);
  const int now = ++counters.now;
  int most = counters.most;
  while (now > most && !counters.most.compare_exchange_weak(most, now)) {
  }
  std::this_thread::sleep_for(std::chrono::microseconds(200));
  --counters.now;
  ++counters.jobs;
}

void wait_until(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

TEST_CASE("processes and threads together never use more cores than there are, and every job gets its turn") {
  CoreBudget cores(2, 3);
  Counters* counters = shared_counters();
  std::vector<pid_t> children;
  for (int process = 0; process < 3; ++process) {
    children.push_back(in_child([&] {
      cores.set_process(process);
      std::vector<std::thread> threads;
      for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
          for (int job = 0; job < 50; ++job) one_job(cores, *counters);
        });
      for (std::thread& thread : threads) thread.join();
    }));
  }
  for (const pid_t child : children) waitpid(child, nullptr, 0);
  CHECK(counters->jobs == 3 * 4 * 50);
  CHECK(counters->most == 2);
}

TEST_CASE("the cores of a process that was killed are given back by its parent") {
  CoreBudget cores(2, 2);
  Counters* counters = shared_counters();
  const pid_t victim = in_child([&] {
    cores.set_process(1);
    cores.acquire();
    cores.acquire();
    ++counters->ready;
    pause();
  });
  wait_until([&] { return counters->ready == 1; });
  std::thread waiter([&] {
    cores.acquire();
    cores.acquire();
    ++counters->jobs;
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(counters->jobs == 0);
  kill(victim, SIGKILL);
  waitpid(victim, nullptr, 0);
  cores.release_all_of(1);
  waiter.join();
  CHECK(counters->jobs == 1);
}

TEST_CASE("a process may be killed at any moment, also while it waits, and the others go on") {
  CoreBudget cores(1, 2);
  Counters* counters = shared_counters();
  for (int attempt = 0; attempt < 30; ++attempt) {
    const int before = counters->jobs;
    const pid_t victim = in_child([&] {
      cores.set_process(1);
      while (true) {
        const CoreLease lease(&cores);
        ++counters->jobs;
      }
    });
    wait_until([&] { return counters->jobs > before + attempt; });
    kill(victim, SIGKILL);
    waitpid(victim, nullptr, 0);
    cores.release_all_of(1);
    const CoreLease lease(&cores);
  }
  SUCCEED();
}
