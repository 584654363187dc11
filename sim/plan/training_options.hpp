// What a scenario says about local training and about evaluations, and the words for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/vocabulary.hpp"
#include "sim/plan/run_limits.hpp"
#include "sim/shape/adapters.hpp"

namespace msfusion {

/// training: what every device does locally in a round.
struct TrainingOptions {
  int rounds = 0;   ///< at most; schedules go by it
  RunLimits until;  ///< what ends a run before
  int local_epochs = 1;
  std::optional<int> local_steps;  ///< instead of epochs
  int batch = 32;
  enum class Optimiser { sgd, adam, adamw } optimiser = Optimiser::sgd;
  double learning_rate = 0.05;
  double momentum = 0;
  bool nesterov = false;
  double weight_decay = 0;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< adam, adamw
  std::optional<double> clip_norm;                    ///< gradient norm
  enum class Schedule { constant, step, cosine } schedule = Schedule::constant;
  std::vector<int> milestones;  ///< step: rounds at which the rate is multiplied by `decay`
  double decay = 0.1;
  int warmup_rounds = 0;  ///< linear from 0; any schedule
  enum class Device { cpu, cuda } device = Device::cpu;
  std::string initial;             ///< a file with the values that training starts from; empty: drawn at random
  std::vector<std::string> fresh;  ///< layers that the file is not asked for
  std::vector<std::string> train;  ///< layers and kinds of layers that are trained; empty: all, or the adapters alone
  AdapterOptions adapters;         ///< LoRA
  int line = 0;

  bool freezes() const { return !train.empty() || adapters.rank > 0; }  ///< not everything is trained
};

/// Which trained models stay in the results folder.
struct KeptModels {
  bool last = true;      ///< the global model of the last evaluation
  bool best = false;     ///< that of the evaluation with the highest accuracy, the first of several
  bool devices = false;  ///< each device's sub-model of the last evaluation
};

/// evaluation: how often, and on what.
struct EvaluationOptions {
  int every = 1;                 ///< rounds; the last round is always evaluated
  bool submodels = true;         ///< also the mean accuracy of the devices' sub-models
  int norm_samples = 1000;       ///< training samples whose batch statistics the test uses (norm="batch")
  std::optional<bool> personal;  ///< also each device's own model on its part of the test split; none: see prepare()
  KeptModels keep;
  int line = 0;
};

const Vocabulary<TrainingOptions>& training_vocabulary();
const Vocabulary<EvaluationOptions>& evaluation_vocabulary();

}  // namespace msfusion
