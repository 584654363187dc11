#include "sim/learn/running/trainings_in_flight.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "sim/base/error.hpp"
#include "sim/learn/running/job_message.hpp"
#include "sim/learn/running/job_training.hpp"
#include "sim/learn/training/job_groups.hpp"

namespace msfusion {

namespace {

// Blocks its thread of the pool, which takes no processor time.
Trained train_remotely(const RunContext& run, TrainingJob job) {
  if (!job.start.defined()) job.start = gather(SliceMap(run.setup.shape, run.full, job.task.slice), job.source);
  std::ostringstream message;
  StateWriter out(message);
  write(out, job);
  std::istringstream reply(run.setup.remote->train(run.setup, message.str()));
  StateReader in(reply);
  Trained trained = read_trained(in, run.setup.shape);
  trained.wall_seconds = in.real();
  return trained;
}

}  // namespace

TrainingsInFlight::TrainingsInFlight(const RunContext& run, Pool& pool)
    : run_(run),
      pool_(pool),
      remote_(run.setup.remote ? std::make_unique<Pool>(run.setup.remote->capacity, nullptr) : nullptr) {}

const Trained& TrainingsInFlight::Training::result() const {
  const TrainingResult& own = group.get()[place];
  if (own.error) std::rethrow_exception(own.error);
  return own.trained;
}

template <class Train>
void TrainingsInFlight::submit(Pool& pool, Group group, Train train) {
  double cost = 0;
  std::vector<TrainTask> tasks;
  std::vector<std::shared_ptr<std::atomic<bool>>> abandoned;
  for (const TrainingJob& job : group) {
    cost += job.task.training_flops;
    tasks.push_back(job.task);
    abandoned.push_back(job.abandoned);
  }
  const auto results =
      pool.submit(Urgency::training, cost, [train, moved = std::move(group)] { return train(moved); }).share();
  for (std::size_t i = 0; i < tasks.size(); ++i) in_flight_[tasks[i].id] = {abandoned[i], results, i, tasks[i].device};
}

void TrainingsInFlight::start(std::vector<TrainingJob> jobs) {
  // The pool sorts what it holds; idle workers take jobs as they come.
  std::stable_sort(jobs.begin(), jobs.end(), [](const TrainingJob& a, const TrainingJob& b) {
    return a.task.training_flops > b.task.training_flops;
  });
  if (remote_) {
    for (TrainingJob& job : jobs)
      submit(*remote_, {std::move(job)}, [&run = run_](const Group& group) {
        return Results{{train_remotely(run, group.front()), nullptr}};
      });
    return;
  }
  for (Group& group : groups_of(std::move(jobs), run_.training, std::max(1, run_.setup.workers)))
    submit(pool_, std::move(group), [&run = run_](const Group& together) { return train_all(run, together); });
}

const Trained* TrainingsInFlight::latest_of(NodeId device) const {
  for (auto training = in_flight_.rbegin(); training != in_flight_.rend(); ++training)
    if (training->second.device == device) return &training->second.result();
  return nullptr;
}

Trained TrainingsInFlight::take(TaskId task) {
  const auto training = in_flight_.find(task);
  if (training == in_flight_.end()) throw std::logic_error(fmt::format("task {} arrived, but was never started", task));
  Trained trained = training->second.result();
  in_flight_.erase(training);
  return trained;
}

void TrainingsInFlight::keep_only(const std::set<TaskId>& tasks) {
  for (auto training = in_flight_.begin(); training != in_flight_.end();) {
    if (tasks.count(training->first) > 0) {
      ++training;
    } else {
      *training->second.abandoned = true;
      training = in_flight_.erase(training);
    }
  }
}

void TrainingsInFlight::save(StateWriter& out) const {
  out.number(static_cast<std::int64_t>(in_flight_.size()));
  for (const auto& [task, training] : in_flight_) write(out, training.result());
}

void TrainingsInFlight::restore(StateReader& in) {
  keep_only({});
  const auto count = in.number(0, std::numeric_limits<int>::max());
  for (std::int64_t i = 0; i < count; ++i) {
    const Trained trained = read_trained(in, run_.setup.shape);
    if (trained.device > run_.devices()) throw RunError("the saved state of the learner is of another fleet");
    std::promise<Results> done;
    done.set_value({{trained, nullptr}});
    in_flight_[trained.task] = {std::make_shared<std::atomic<bool>>(false), done.get_future().share(), 0,
                                trained.device};
  }
}

}  // namespace msfusion
