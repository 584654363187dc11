#include "sim/base/cores.hpp"

#include <linux/futex.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <new>
#include <system_error>

namespace msfusion {

// A process may be killed between any two instructions, so there is no lock that it could die with: a core is one
// atomic word that names its owner, and is taken and given back by one compare-and-exchange.
struct CoreBudget::Shared {
  static constexpr int kFree = -1;
  std::size_t bytes;
  int cores;
  int max_processes;
  std::atomic<std::uint32_t> releases;  ///< what waiters sleep on; wraps around
  std::atomic<int> owner[1];            ///< `cores` of them

  static_assert(std::atomic<std::uint32_t>::is_always_lock_free && std::atomic<int>::is_always_lock_free);
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));

  bool change_one(int from, int to) {
    for (int core = 0; core < cores; ++core) {
      int expected = from;
      if (owner[core].compare_exchange_strong(expected, to)) return true;
    }
    return false;
  }

  void wait_for_release_after(std::uint32_t seen) {
    syscall(SYS_futex, &releases, FUTEX_WAIT, seen, nullptr, nullptr, 0);
  }

  void announce_release(int waiters_to_wake) {
    releases.fetch_add(1);
    syscall(SYS_futex, &releases, FUTEX_WAKE, waiters_to_wake, nullptr, nullptr, 0);
  }
};

CoreBudget::CoreBudget(int cores, int max_processes) {
  assert(cores >= 1 && max_processes >= 1);
  const std::size_t bytes = sizeof(Shared) + sizeof(std::atomic<int>) * static_cast<std::size_t>(cores);
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "shared memory for the core budget");
  shared_ = new (memory) Shared{};
  shared_->bytes = bytes;
  shared_->cores = cores;
  shared_->max_processes = max_processes;
  for (int core = 0; core < cores; ++core) new (&shared_->owner[core]) std::atomic<int>(Shared::kFree);
}

CoreBudget::~CoreBudget() {
  munmap(shared_, shared_->bytes);
}

void CoreBudget::acquire() {
  assert(process_ >= 0 && process_ < shared_->max_processes);
  while (true) {
    const std::uint32_t seen = shared_->releases.load();
    if (shared_->change_one(Shared::kFree, process_)) return;
    shared_->wait_for_release_after(seen);
  }
}

void CoreBudget::release() {
  [[maybe_unused]] const bool held = shared_->change_one(process_, Shared::kFree);
  assert(held);
  shared_->announce_release(1);
}

void CoreBudget::release_all_of(int process) {
  while (shared_->change_one(process, Shared::kFree)) {
  }
  // All waiters look again: the dead process may have been woken for an earlier release that it never used.
  shared_->announce_release(INT_MAX);
}

}  // namespace msfusion
