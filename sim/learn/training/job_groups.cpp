#include "sim/learn/training/job_groups.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "sim/shape/slice.hpp"

namespace msfusion {

namespace {

// Measured (docs/performance.md): more values do not stay in the second-level cache between steps.
constexpr std::int64_t kMostValues = 400'000;  // of a group
constexpr std::size_t kMostJobs = 16;
constexpr std::size_t kGroupsPerWorker = 2;  // at least, so that unequal groups can be balanced

std::vector<int> sizes_of(const WidthSlice& slice) {
  std::vector<int> sizes;
  for (const IndexSet& axis : slice.axes) sizes.push_back(axis.length());
  return sizes;
}

}  // namespace

std::vector<std::vector<TrainingJob>> groups_of(std::vector<TrainingJob> jobs, const TrainingContext& context,
                                                int workers) {
  std::vector<std::vector<TrainingJob>> groups;
  if (!can_train_together(context)) {
    for (TrainingJob& job : jobs) groups.push_back({std::move(job)});
    return groups;
  }
  std::map<std::vector<int>, std::vector<std::size_t>> of_size;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    std::vector<int> key = sizes_of(jobs[i].task.slice);
    // Adam's step depends on its number.
    for (const OptimiserMemory* state : {&jobs[i].state, &jobs[i].own_state})
      key.push_back(static_cast<int>(state->steps));
    of_size[key].push_back(i);
  }
  double cost = 0;
  for (const TrainingJob& job : jobs) cost += job.task.training_flops;
  const auto groups_wanted = static_cast<double>(kGroupsPerWorker * static_cast<std::size_t>(workers));
  std::map<std::size_t, std::vector<TrainingJob>> by_first;
  for (const auto& [sizes, all] : of_size) {
    double own = 0;
    for (const std::size_t i : all) own += jobs[i].task.training_flops;
    const double share = cost > 0 ? own / cost : static_cast<double>(all.size()) / static_cast<double>(jobs.size());
    const auto wanted =
        static_cast<std::size_t>(std::clamp(std::ceil(share * groups_wanted), 1.0, static_cast<double>(all.size())));
    const std::int64_t values = parameter_count(context.shape, jobs[all.front()].task.slice);
    const std::size_t fit = std::clamp<std::size_t>(static_cast<std::size_t>(kMostValues / values), 1, kMostJobs);
    const std::size_t pieces = std::max((all.size() + fit - 1) / fit, wanted);
    for (std::size_t piece = 0, next = 0; piece < pieces; ++piece) {
      const std::size_t first = next;
      next = all.size() * (piece + 1) / pieces;
      for (std::size_t i = first; i < next; ++i) by_first[all[first]].push_back(std::move(jobs[all[i]]));
    }
  }
  for (auto& [first, group] : by_first) groups.push_back(std::move(group));
  return groups;
}

}  // namespace msfusion
