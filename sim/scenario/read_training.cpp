#include <algorithm>

#include "sim/scenario/readers.hpp"

namespace msfusion {

namespace {

void read_schedule(AttributeReader& reader, TrainingSpec& spec) {
  using Schedule = TrainingSpec::Schedule;
  spec.schedule =
      reader.choice("schedule", spec.schedule,
                    {{"constant", Schedule::constant}, {"step", Schedule::step}, {"cosine", Schedule::cosine}});
  spec.milestones = reader.integers("milestones", {});
  spec.decay = reader.number("decay", spec.decay);
  spec.warmup_rounds = reader.integer("warmup-rounds", spec.warmup_rounds);
  reader.belongs_to("schedule", spec.schedule == Schedule::step, "schedule=\"step\"", {"milestones", "decay"});
  if (spec.schedule == Schedule::step && spec.milestones.empty())
    reader.mistake("schedule", reader.quote("schedule") + " without milestones", "needed: milestones, in rounds");
  const auto& stones = spec.milestones;
  if (std::adjacent_find(stones.begin(), stones.end(), [](int a, int b) { return a >= b; }) != stones.end())
    reader.mistake("milestones", reader.quote("milestones"), "each must be later than the one before");
}

}  // namespace

TrainingSpec read_training(AttributeReader& reader) {
  using Optimiser = TrainingSpec::Optimiser;
  TrainingSpec spec;
  spec.rounds = reader.integer("rounds", spec.rounds);
  spec.local_epochs = reader.integer("local-epochs", spec.local_epochs);
  if (reader.has("local-steps")) spec.local_steps = reader.integer("local-steps", 1);
  spec.batch = reader.integer("batch", spec.batch);
  spec.line = reader.line();
  spec.device =
      reader.choice("device", spec.device, {{"cpu", TrainingSpec::Device::cpu}, {"cuda", TrainingSpec::Device::cuda}});
  spec.optimiser = reader.choice("optimiser", spec.optimiser,
                                 {{"sgd", Optimiser::sgd}, {"adam", Optimiser::adam}, {"adamw", Optimiser::adamw}});
  spec.learning_rate = reader.number("learning-rate", spec.learning_rate);
  spec.momentum = reader.number("momentum", spec.momentum);
  spec.nesterov = reader.on_off("nesterov", spec.nesterov);
  spec.weight_decay = reader.number("weight-decay", spec.weight_decay);
  spec.beta1 = reader.number("beta1", spec.beta1);
  spec.beta2 = reader.number("beta2", spec.beta2);
  spec.epsilon = reader.number("epsilon", spec.epsilon);
  spec.clip_norm = reader.number("clip-norm");
  read_schedule(reader, spec);

  const bool sgd = spec.optimiser == Optimiser::sgd;
  reader.belongs_to("optimiser", sgd, "optimiser=\"sgd\"", {"momentum", "nesterov"});
  reader.belongs_to("optimiser", !sgd, "optimiser=\"adam\" or \"adamw\"", {"beta1", "beta2", "epsilon"});
  reader.belongs_to("local-steps", !reader.has("local-steps"), "no local-steps beside it: one of the two",
                    {"local-epochs"});
  if (sgd && spec.nesterov && spec.momentum == 0 && !reader.refused("momentum"))
    reader.mistake("nesterov", reader.quote("nesterov") + " without momentum", "needed: momentum above 0");
  return spec;
}

EvaluationSpec read_evaluation(AttributeReader& reader) {
  EvaluationSpec spec;
  spec.every = reader.integer("every", spec.every);
  spec.submodels = reader.on_off("submodels", spec.submodels);
  spec.norm_samples = reader.integer("norm-samples", spec.norm_samples);
  return spec;
}

}  // namespace msfusion
