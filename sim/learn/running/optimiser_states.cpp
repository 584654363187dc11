#include "sim/learn/running/optimiser_states.hpp"

#include <algorithm>

#include "sim/learn/merging/overlap.hpp"
#include "sim/learn/running/job_message.hpp"

namespace msfusion {

namespace {

OptimiserMemory found(const std::map<NodeId, OptimiserMemory>& all, NodeId device) {
  const auto known = all.find(device);
  return known == all.end() ? OptimiserMemory() : known->second;
}

}  // namespace

OptimiserMemory OptimiserStates::widened(const OptimiserMemory& before, const WidthSlice& slice,
                                         const OptimiserMemory& part) const {
  OptimiserMemory full;
  full.steps = part.steps;
  const SliceMap map(run_.setup.shape, run_.full, slice);
  for (std::size_t m = 0; m < part.moments.size(); ++m) {
    if (map.is_whole()) {
      full.moments.push_back(part.moments[m]);
      continue;
    }
    full.moments.push_back(before.moments.empty() ? at::zeros({run_.full.size()}) : before.moments[m].clone());
    scatter(map, part.moments[m], full.moments[m]);
  }
  return full;
}

OptimiserMemory OptimiserStates::gathered(const OptimiserMemory& full, const WidthSlice& slice) const {
  OptimiserMemory part;
  part.steps = full.steps;
  const SliceMap map(run_.setup.shape, run_.full, slice);
  for (const at::Tensor& moment : full.moments) part.moments.push_back(gather(map, moment));
  return part;
}

void OptimiserStates::equip(TrainingJob& job, const Trained* unmerged) const {
  if (!keeps()) return;
  const NodeId device = job.task.device;
  if (unmerged)
    job.state = gathered(widened(found(kept_, device), unmerged->slice, unmerged->state), job.task.slice);
  else
    job.state = gathered(averages() ? mean_ : found(kept_, device), job.task.slice);
  job.own_state = gathered(found(of_own_, device), job.task.slice);
}

void OptimiserStates::remember(const Trained& trained) {
  if (!keeps()) return;
  if (!averages()) {
    OptimiserMemory& kept = kept_[trained.device];
    kept = widened(kept, trained.slice, trained.state);
  }
  if (run_.own_training) of_own_[trained.device] = trained.own_state;
}

void OptimiserStates::merge(const Arrivals& arrivals) {
  if (!averages() || arrivals.tasks.empty()) return;
  OptimiserMemory mean;
  for (const Trained* trained : arrivals.tasks) mean.steps = std::max(mean.steps, trained->state.steps);
  const std::size_t moments = arrivals.tasks.front()->state.moments.size();
  for (std::size_t m = 0; m < moments; ++m) {
    OverlapSum sum(run_.full);
    for (const Trained* trained : arrivals.tasks)
      if (m < trained->state.moments.size())
        sum.add(SliceMap(run_.setup.shape, run_.full, trained->slice), trained->state.moments[m],
                merge_weight(run_.setup.method.merge, *trained));
    mean.moments.push_back(
        sum.mean(mean_.moments.empty() ? at::zeros({run_.full.size()}) : mean_.moments[m]).to(at::kFloat));
  }
  mean_ = std::move(mean);
}

void OptimiserStates::save(StateWriter& out) const {
  write(out, mean_);
  for (const auto* all : {&kept_, &of_own_}) {
    out.number(static_cast<std::int64_t>(all->size()));
    for (const auto& [device, memory] : *all) {
      out.number(device);
      write(out, memory);
    }
  }
}

void OptimiserStates::restore(StateReader& in) {
  mean_ = read_optimiser(in, run_.full.size());
  for (auto* all : {&kept_, &of_own_}) {
    all->clear();
    const std::int64_t count = in.number(0, run_.devices() + 1);
    for (std::int64_t i = 0; i < count; ++i) {
      const auto device = static_cast<NodeId>(in.number(0, run_.devices()));
      (*all)[device] = read_optimiser(in, run_.full.size());
    }
  }
}

}  // namespace msfusion
