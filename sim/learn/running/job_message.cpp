#include "sim/learn/running/job_message.hpp"

#include <fmt/format.h>

#include <limits>

#include "sim/base/error.hpp"
#include "sim/learn/training/layout.hpp"

namespace msfusion {

namespace {

constexpr std::int64_t kAny = std::numeric_limits<int>::max();

void write(StateWriter& out, const std::vector<bool>& classes) {
  out.number(static_cast<std::int64_t>(classes.size()));
  for (const bool present : classes) out.number(present ? 1 : 0);
}

std::vector<bool> read_classes(StateReader& in, const Shape& shape) {
  std::vector<bool> classes(static_cast<std::size_t>(in.number(0, shape.classes)));
  if (!classes.empty() && static_cast<int>(classes.size()) != shape.classes)
    throw RunError(fmt::format("the saved state of the learner knows {} classes where the model has {}", classes.size(),
                               shape.classes));
  for (std::size_t c = 0; c < classes.size(); ++c) classes[c] = in.number(0, 1) == 1;
  return classes;
}

}  // namespace

void write(StateWriter& out, const OptimiserMemory& memory) {
  out.number(memory.steps);
  out.tensors(memory.moments);
}

OptimiserMemory read_optimiser(StateReader& in, std::int64_t size) {
  constexpr std::int64_t kMostMoments = 2;
  OptimiserMemory memory;
  memory.steps = in.number(0, std::numeric_limits<std::int64_t>::max());
  memory.moments.resize(static_cast<std::size_t>(in.number(0, kMostMoments)));
  for (at::Tensor& moment : memory.moments) moment = in.tensor(at::kFloat, size);
  return memory;
}

void write(StateWriter& out, const SubModel& model) {
  out.slice(model.slice);
  out.tensor(model.values);
}

SubModel read_submodel(StateReader& in, const Shape& shape) {
  SubModel model;
  model.slice = in.slice(shape);
  model.values = in.tensor(at::kFloat, ParameterLayout(shape, model.slice).size());
  return model;
}

void write(StateWriter& out, const Trained& trained) {
  out.number(trained.task);
  out.number(trained.device);
  out.number(trained.round);
  out.number(trained.version);
  out.slice(trained.slice);
  out.tensor(trained.start);
  out.tensor(trained.values);
  out.number(trained.samples);
  write(out, trained.classes);
  out.tensor(trained.variate_change);
  out.tensor(trained.own);
  write(out, trained.state);
  write(out, trained.own_state);
  out.real(trained.mean_loss);
  out.real(trained.sample_loss);
}

Trained read_trained(StateReader& in, const Shape& shape) {
  Trained trained;
  trained.task = static_cast<TaskId>(in.number(0, kAny));
  trained.device = static_cast<NodeId>(in.number(0, kAny));
  trained.round = static_cast<int>(in.number(0, kAny));
  trained.version = static_cast<int>(in.number(0, kAny));
  trained.slice = in.slice(shape);
  const std::int64_t size = ParameterLayout(shape, trained.slice).size();
  trained.start = in.tensor(at::kFloat, size);
  trained.values = in.tensor(at::kFloat, size);
  trained.samples = in.number(0, std::numeric_limits<std::int64_t>::max());
  trained.classes = read_classes(in, shape);
  trained.variate_change = in.optional_tensor(at::kFloat, size);
  trained.own = in.optional_tensor(at::kFloat, size);
  trained.state = read_optimiser(in, size);
  trained.own_state = read_optimiser(in, size);
  trained.mean_loss = in.real();
  trained.sample_loss = in.real();
  return trained;
}

void write(StateWriter& out, const TrainingJob& job) {
  out.number(job.task.id);
  out.number(job.task.device);
  out.number(job.task.repeat);
  out.real(job.task.split);
  out.slice(job.task.slice);
  out.number(job.round);
  out.number(job.version);
  out.tensor(job.start);
  write(out, job.classes);
  out.number(static_cast<std::int64_t>(job.negatives.size()));
  for (const SubModel& model : job.negatives) write(out, model);
  out.tensor(job.variate_server);
  out.tensor(job.variate_device);
  out.tensor(job.own);
  write(out, job.state);
  write(out, job.own_state);
}

TrainingJob read_job(StateReader& in, const Shape& shape) {
  TrainingJob job;
  job.task.id = static_cast<TaskId>(in.number(0, kAny));
  job.task.device = static_cast<NodeId>(in.number(0, kAny));
  job.task.repeat = static_cast<int>(in.number(0, kAny));
  job.task.split = in.real();
  job.task.slice = in.slice(shape);
  job.round = static_cast<int>(in.number(0, kAny));
  job.version = static_cast<int>(in.number(0, kAny));
  job.start = in.tensor(at::kFloat, ParameterLayout(shape, job.task.slice).size());
  job.classes = read_classes(in, shape);
  job.negatives.resize(static_cast<std::size_t>(in.number(0, kAny)));
  for (SubModel& model : job.negatives) model = read_submodel(in, shape);
  const std::int64_t whole = ParameterLayout(shape, full_slice(shape)).size();
  job.variate_server = in.optional_tensor(at::kFloat, whole);
  job.variate_device = in.optional_tensor(at::kFloat, whole);
  job.own = in.optional_tensor(at::kFloat, whole);
  const std::int64_t part = ParameterLayout(shape, job.task.slice).size();
  job.state = read_optimiser(in, part);
  job.own_state = read_optimiser(in, part);
  return job;
}

}  // namespace msfusion
