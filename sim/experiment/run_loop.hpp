// One run from its first round to its last: plan, time, train, merge, evaluate, record. Holds no logic of its own.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sim/base/profile.hpp"
#include "sim/experiment/checkpoint.hpp"
#include "sim/experiment/preparation.hpp"
#include "sim/experiment/recorded_run.hpp"
#include "sim/learn/learner.hpp"
#include "sim/record/store.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

/// Makes the learning executor; empty for runs that only cost.
using LearnerFactory = std::function<std::unique_ptr<Learner>(const LearnerSetup&)>;

/// What a run tells while it works.
struct Progress {
  int run = 0;
  int rounds_done = 0, rounds = 0;
  double simulated_seconds = 0;
  std::optional<double> accuracy;  ///< of the global model, when just evaluated
  std::optional<double> mean_loss;
  double share = 0;                    ///< of the run that is behind it, by the nearest limit: 0 to 1
  bool is_last = false;                ///< no round follows
  std::optional<double> epsilon = {};  ///< of differential privacy, so far
};

/// Sees every round of a run after it was timed, beside the rows that are recorded of it.
using RoundObserver = std::function<void(const Timing&, const RoundPlan&, const TimedRound&, const RoundResult&)>;

/// Where a resumed run goes on.
struct ResumePoint {
  Checkpoints::Found checkpoint;
  std::vector<Maybe> mean_losses;  ///< of rounds 0 .. checkpoint.round, as recorded: adaptive schedules depend on them
  std::map<int, double> accuracies;                        ///< of the global model after these rounds, as recorded
  std::map<int, std::vector<SelectionRecord>> selections;  ///< what the draws of these rounds knew

  Maybe best_accuracy() const {
    Maybe best;
    for (const auto& [round, accuracy] : accuracies) best = std::max(best, Maybe(accuracy));
    return best;
  }
};

struct RunOptions {
  int workers = 1;
  CoreBudget* cores = nullptr;
  const std::atomic<bool>* stop = nullptr;           ///< finish the round, then end as interrupted
  std::function<void(const Progress&)> on_progress;  ///< called after every recorded round
  std::function<void(const CpuProfile&)> on_end;     ///< called once, however the run ends
  const Checkpoints* checkpoints = nullptr;
  int checkpoint_every = 0;  ///< rounds; 0: only when interrupted
  std::optional<ResumePoint> resume;
  RoundObserver on_round;                 ///< may be empty
  const RecordedRun* recorded = nullptr;  ///< what training found, where there is no learner
  std::string participation_file;         ///< written at the end; empty: not
  std::string model_folder;               ///< results folder that keeps the trained models; empty: none are kept
};

enum class RunEnd { finished, interrupted };

/// Carries out a run in this process, which must not have an engine or threads yet, and writes every round as it ends.
/// Throws UserError and RunError; the rounds finished before are in the store by then.
RunEnd carry_out(const RunInputs& inputs, const LearnerFactory& make_learner, StoreWriter& store,
                 const RunOptions& options);

}  // namespace msfusion
