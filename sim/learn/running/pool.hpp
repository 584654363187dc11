// Worker threads that each run one single-threaded job at a time, the most urgent and longest first.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <type_traits>
#include <vector>

#include "sim/base/cores.hpp"
#include "sim/base/thread_clock.hpp"
#include "sim/learn/running/runtime.hpp"

namespace msfusion {

/// Training goes before evaluation, so that no round waits for scores. Merging goes before both, because everything
/// else waits for it.
enum class Urgency { evaluation, training, merging };

/// submit() may be called from any thread, also from within a job. The destructor waits for the running jobs and drops
/// the others.
class Pool {
 public:
  /// Every running job holds a core of `cores` (null: no limit), which must outlive the pool.
  /// Throws RunError if the system refuses a thread.
  Pool(int workers, CoreBudget* cores);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// What `job` returns or throws reaches the caller through the future. `cost` orders jobs of the same urgency.
  template <class Job>
  auto submit(Urgency urgency, double cost, Job job) {
    using Result = std::invoke_result_t<Job>;
    auto task = std::make_shared<std::packaged_task<Result()>>([this, urgency, moved = std::move(job)]() mutable {
      const Busy busy(*this, urgency);
      require_memory();
      return moved();
    });
    auto result = task->get_future();
    push(urgency, cost, [task] { (*task)(); });
    return result;
  }

  /// For jobs without a future: calls `ended` with the exception that `job` threw or that kept it from being called, or
  /// with null.
  template <class Job, class Ended>
  void post(Urgency urgency, double cost, Job job, Ended ended) {
    push(urgency, cost, [this, urgency, job = std::move(job), ended = std::move(ended)] {
      std::exception_ptr error;
      try {
        const Busy busy(*this, urgency);
        require_memory();
        job();
      } catch (...) {
        error = std::current_exception();
      }
      ended(error);
    });
  }

  /// Processor seconds that the finished jobs of this urgency took.
  double busy_seconds(Urgency urgency) const;

 private:
  struct Entry {
    Urgency urgency;
    double cost;
    std::uint64_t number;
    std::function<void()> run;
    bool operator<(const Entry& other) const;  // less urgent
  };

  // Destroyed before the job's end is announced, so that its time is counted by then.
  class Busy {
   public:
    Busy(Pool& pool, Urgency urgency) : pool_(pool), urgency_(urgency), began_(thread_cpu_seconds()) {}
    ~Busy() { pool_.add_busy(urgency_, thread_cpu_seconds() - began_); }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Pool& pool_;
    Urgency urgency_;
    double began_;
  };

  void add_busy(Urgency urgency, double seconds);
  void push(Urgency urgency, double cost, std::function<void()> run);
  void work();
  void close();  // waits for the running jobs and drops the others

  CoreBudget* cores_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<Entry> queue_;
  std::uint64_t submitted_ = 0;
  std::array<double, 3> busy_seconds_{};
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace msfusion
