// The trainings of a run that were started and whose results are not merged yet. Nothing else in this room tracks them.
#pragma once

#include <atomic>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "sim/learn/running/pool.hpp"
#include "sim/learn/running/run_context.hpp"
#include "sim/learn/running/state_file.hpp"

namespace msfusion {

class TrainingsInFlight {
 public:
  /// Trains in the pool, or in other processes where the run has a remote trainer. Both arguments must outlive it.
  TrainingsInFlight(const RunContext& run, Pool& pool);
  ~TrainingsInFlight() { keep_only({}); }

  void start(std::vector<TrainingJob> jobs);  ///< longest first
  bool contains(TaskId task) const { return in_flight_.count(task) > 0; }

  /// Waits for the last training of the device that has been started and not taken; null: there is none.
  const Trained* latest_of(NodeId device) const;

  /// Waits for the result and removes it from here. Throws what the training threw.
  Trained take(TaskId task);

  /// Abandons all others: their results are never asked for.
  void keep_only(const std::set<TaskId>& tasks);

  /// Waits for all trainings, so that a resumed run has their results.
  void save(StateWriter& out) const;
  void restore(StateReader& in);

 private:
  using Group = std::vector<TrainingJob>;  // trained as one computation
  using Results = std::vector<TrainingResult>;

  struct Training {
    std::shared_ptr<std::atomic<bool>> abandoned;
    std::shared_future<Results> group;
    std::size_t place;  // in the group
    NodeId device;

    const Trained& result() const;  // waits
  };

  template <class Train>
  void submit(Pool& pool, Group group, Train train);

  const RunContext& run_;
  Pool& pool_;
  std::map<TaskId, Training> in_flight_;
  std::unique_ptr<Pool> remote_;  // its threads only wait for other processes
};

}  // namespace msfusion
