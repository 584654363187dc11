#include "sim/learn/running/job_training.hpp"

#include "sim/learn/training/slice_map.hpp"

namespace msfusion {

std::vector<TrainingResult> train_all(const RunContext& run, const std::vector<TrainingJob>& jobs) {
  std::vector<TrainingResult> results = train_together(run.training, jobs);
  if (!run.own_training) return results;
  // Ditto's release takes a step of each in turn; neither looks at the other, so one may be trained after the other.
  std::vector<TrainingJob> own = jobs;
  for (TrainingJob& job : own) {
    job.anchor =
        job.start.defined() ? job.start : gather(SliceMap(run.setup.shape, run.full, job.task.slice), job.source);
    job.source = job.own;
    job.start = at::Tensor();
    job.state = job.own_state;
  }
  const std::vector<TrainingResult> of_own = train_together(*run.own_training, own);
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!results[i].error) results[i].error = of_own[i].error;
    if (results[i].error) continue;
    Trained& trained = results[i].trained;
    trained.own = of_own[i].trained.values;
    trained.own_state = of_own[i].trained.state;
    trained.cpu_seconds += of_own[i].trained.cpu_seconds;
    trained.wall_seconds += of_own[i].trained.wall_seconds;
    trained.gather_seconds += of_own[i].trained.gather_seconds;
  }
  return results;
}

}  // namespace msfusion
