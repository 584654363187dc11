#include "sim/learn/deployed/training_node.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "sim/learn/running/runtime.hpp"
#include "sim/learn/training/initial.hpp"

namespace msfusion {

namespace {

const TrainTask& task_with(const RoundPlan& plan, TaskId id) {
  for (const TrainTask& task : plan.tasks)
    if (task.id == id) return task;
  throw std::logic_error("a step of no task");
}

}  // namespace

const Transfer& transfer_of(const RoundPlan& plan, StepId step) {
  return std::get<Transfer>(plan.steps[static_cast<std::size_t>(step)].what);
}

const TrainTask& task_of_step(const RoundPlan& plan, StepId step) {
  return task_with(plan, plan.steps[static_cast<std::size_t>(step)].task);
}

std::vector<std::int64_t> places_of(const SliceMap& map) {
  std::vector<std::int64_t> places;
  map.for_each_run([&](int, const Run& run) {
    for (std::int64_t i = 0; i < run.length; ++i) places.push_back(run.full + i);
  });
  return places;
}

std::vector<float> values_at(const std::vector<std::int64_t>& places, const at::Tensor& full) {
  std::vector<float> values;
  values.reserve(places.size());
  const float* from = full.data_ptr<float>();
  for (const std::int64_t place : places) values.push_back(from[place]);
  return values;
}

TrainingNode::TrainingNode(const LearnerSetup& setup, NodeId node)
    : run_(setup), node_(node), values_(initial_values(setup.shape, run_.full, setup.seed)) {}

void TrainingNode::warm_up(const RoundPlan& plan, TaskId id) {
  TrainingJob job = job_for(plan, id);
  job.source = initial_values(run_.setup.shape, run_.full, run_.setup.seed);
  if (facts_of(run_.setup.method.objective.kind).contrasts())
    job.negatives = {{job.task.slice, gather(map_of(job.task.slice), job.source)}};
  use_one_thread();
  msfusion::train(run_.training, job);
}

TaskOutcome TrainingNode::train(const RoundPlan& plan, TaskId id) {
  TrainingJob job = job_for(plan, id);
  job.source = values_;
  job.start = start_;
  if (previous_.exists()) job.negatives.push_back(previous_);
  // On the calling thread, whose share of a core may be limited.
  use_one_thread();
  trained_ = msfusion::train(run_.training, job);
  if (facts_of(run_.setup.method.objective.kind).contrasts()) previous_ = {trained_.slice, trained_.values};
  return {id, node_, trained_.mean_loss, trained_.wall_seconds, trained_.cpu_seconds};
}

std::vector<float> TrainingNode::trained_values() const {
  at::Tensor full = at::empty({run_.full.size()});
  const SliceMap map = map_of(trained_.slice);
  scatter(map, trained_.values, full);
  return values_at(places_of(map), full);
}

void TrainingNode::check_bytes(const RoundPlan& plan, StepId step, const Payload& payload) {
  if (static_cast<double>(payload.size()) == transfer_of(plan, step).bytes) return;
  throw std::logic_error(fmt::format("step {} of round {} carries {} bytes where the plan says {}", step, plan.round,
                                     payload.size(), transfer_of(plan, step).bytes));
}

TrainingJob TrainingNode::job_for(const RoundPlan& plan, TaskId id) const {
  TrainingJob job;
  job.task = task_with(plan, id);
  job.round = plan.round;
  job.samples = &run_.samples_of(node_);
  return job;
}

}  // namespace msfusion
