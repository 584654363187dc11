// Worker threads that each run one single-threaded job at a time, the most urgent and longest first.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <type_traits>
#include <vector>

#include "sim/base/cores.hpp"

namespace msfusion {

/// Training goes before evaluation, so that no round waits for scores.
enum class Urgency { evaluation, training };

/// submit() may be called from any thread, also from within a job. The destructor waits for the running jobs and drops
/// the others.
class Pool {
 public:
  /// Every running job holds a core of `cores` (none: no limit), which must outlive the pool.
  Pool(int workers, CoreBudget* cores);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// What `job` returns or throws reaches the caller through the future. `cost` orders jobs of the same urgency.
  template <class Job>
  auto submit(Urgency urgency, double cost, Job job) {
    using Result = std::invoke_result_t<Job>;
    auto task = std::make_shared<std::packaged_task<Result()>>(std::move(job));
    auto result = task->get_future();
    push(urgency, cost, [task] { (*task)(); });
    return result;
  }

 private:
  struct Entry {
    Urgency urgency;
    double cost;
    std::uint64_t number;
    std::function<void()> run;
    bool operator<(const Entry& other) const;  // less urgent
  };

  void push(Urgency urgency, double cost, std::function<void()> run);
  void work();

  CoreBudget* cores_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::priority_queue<Entry> queue_;
  std::uint64_t submitted_ = 0;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace msfusion
