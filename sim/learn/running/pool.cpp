#include "sim/learn/running/pool.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <system_error>
#include <tuple>

#include "sim/base/error.hpp"
#include "sim/learn/running/runtime.hpp"

namespace msfusion {

bool Pool::Entry::operator<(const Entry& other) const {
  return std::make_tuple(urgency, cost, other.number) < std::make_tuple(other.urgency, other.cost, number);
}

Pool::Pool(int workers, CoreBudget* cores) : cores_(cores) {
  try {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error& error) {
    close();  // a thread that is not joined would end the process
    throw RunError(
        fmt::format("thread {} of {} could not be started ({})", threads_.size() + 1, workers, error.what()));
  }
}

Pool::~Pool() {
  close();
}

void Pool::close() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Pool::push(Urgency urgency, double cost, std::function<void()> run) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    queue_.push(Entry{urgency, cost, submitted_++, std::move(run)});
  }
  changed_.notify_one();
}

void Pool::add_busy(Urgency urgency, double seconds) {
  const std::lock_guard<std::mutex> lock(mutex_);
  busy_seconds_[static_cast<std::size_t>(urgency)] += seconds;
}

double Pool::busy_seconds(Urgency urgency) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return busy_seconds_[static_cast<std::size_t>(urgency)];
}

void Pool::work() {
  // Other threads handle signals: some kernels use the stack pointer for data (multiply()).
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  use_one_thread();
  for (;;) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      if (closing_) return;
    }
    // Take the core before the job: a job that became urgent in the meantime goes first.
    const CoreLease core(cores_);
    std::function<void()> run;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (closing_) return;
      if (queue_.empty()) continue;
      run = queue_.top().run;
      queue_.pop();
    }
    run();
  }
}

}  // namespace msfusion
