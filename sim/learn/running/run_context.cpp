#include "sim/learn/running/run_context.hpp"

#include <algorithm>

#include "sim/learn/running/runtime.hpp"
#include "sim/learn/training/initial.hpp"

namespace msfusion {

namespace {

const LearnerSetup& prepared(const LearnerSetup& setup) {
  prepare_process();
  return setup;
}

std::vector<std::int32_t> samples_of_all(const Partition& parts) {
  std::vector<std::int32_t> all;
  for (const auto& part : parts.samples) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end());
  return all;
}

ObjectiveChoice own_objective_of(const Method& method) {
  ObjectiveChoice choice;
  choice.kind = ObjectiveKind::proximal;
  choice.weight = method.personal.pull;
  return choice;
}

}  // namespace

RunContext::RunContext(const LearnerSetup& of)
    : setup(prepared(of)),
      full(setup.shape, full_slice(setup.shape)),
      batches(setup.data, setup.shape),
      held_samples(samples_of_all(setup.parts)),
      training{setup.shape,
               full,
               batches,
               setup.training,
               setup.method.objective,
               setup.data_spec.augment,
               setup.seed,
               setup.method.state != OptimiserState::reset,
               told_of(setup.method.selection) == Told::sample_losses,
               setup.method.split.nested},
      own_objective(own_objective_of(setup.method)),
      own_training(facts_of(setup.method.personal.kind).trains_copy
                       ? std::optional(TrainingContext{setup.shape, full, batches, setup.training, own_objective,
                                                       setup.data_spec.augment, setup.seed, training.keeps_state})
                       : std::nullopt) {}

const std::vector<std::int32_t>& RunContext::samples_of(NodeId device) const {
  const bool has_all_data = facts_of(setup.method.exchange.kind).pools_data;
  return has_all_data ? held_samples : setup.parts.samples.at(static_cast<std::size_t>(device));
}

std::vector<bool> RunContext::classes_of(NodeId device) const {
  std::vector<bool> present(static_cast<std::size_t>(setup.shape.classes), false);
  for (const std::int32_t sample : samples_of(device)) {
    if (!batches.tokens()) {
      present[static_cast<std::size_t>(setup.data.train_images.labels[static_cast<std::size_t>(sample)])] = true;
      continue;
    }
    const auto first = setup.data.train_tokens.tokens.begin() + static_cast<std::int64_t>(sample) * setup.data.window;
    for (auto token = first; token != first + setup.data.window + 1; ++token)
      present[static_cast<std::size_t>(*token)] = true;
  }
  return present;
}

at::Tensor RunContext::initial_model() const {
  at::Tensor initial = initial_values(setup.shape, full, setup.seed);
  if (setup.initial) load_values(*setup.initial, setup.shape, full, initial);
  return initial;
}

std::unique_ptr<ModelState> RunContext::model_state(Pool& pool) const {
  return merge_maker(setup.method.merge.kind)({setup.shape, full, setup.method, setup.parts, batches, setup.training,
                                               setup.data.train_samples(), setup.seed, pool, initial_model()});
}

}  // namespace msfusion
