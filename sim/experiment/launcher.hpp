// Starts every run of a scenario in a process of its own and watches over them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sim/experiment/run_loop.hpp"

namespace msfusion {

struct RunReport {
  enum class State { waiting, running, finished, failed, interrupted };
  RunSpec run;
  State state = State::waiting;
  std::string message;  ///< why it failed
  Progress progress;    ///< the last one
  CpuProfile profile;   ///< when it ended
};

struct LaunchOptions {
  std::string store_file;
  std::string store_id;         ///< of the store that is meant: another that takes its place is left alone
  int jobs = 0;                 ///< cores in use at once; 0: all there are
  CoreBudget* cores = nullptr;  ///< shared with other launches; none: one of `jobs` cores
  int first_process = 0;        ///< in the shared budget: this launch uses jobs + 1 numbers from here on
  std::string checkpoint_folder;
  int checkpoint_every = 0;  ///< rounds; 0: only when interrupted
  bool resume = false;       ///< go on from the checkpoints; finished runs are left as they are
  std::function<void(const std::vector<RunReport>&, int changed)> on_change;  ///< a run started, progressed or ended
  std::string participation_folder;  ///< results folder where each run notes its participation; empty: none
  std::string model_folder;          ///< results folder that keeps the trained models; empty: none are kept
  std::string recorded_folder;       ///< results folder whose runs are timed again instead of trained; empty: none
  bool ends_at_once = false;         ///< by the first signal: nothing is worth waiting for a round's end
  std::function<RoundObserver(const RunInputs&)> observe;  ///< makes a run's observer, in the run's own process
};

/// Whether and how the user stopped the program.
struct Interruption {
  int signal = 0;        ///< the first one, or 0
  bool at_once = false;  ///< there was a second one
};

/// The cores that `jobs` stands for.
int cores_in_use(int jobs);

/// Runs them all and returns what became of each. SIGINT, SIGTERM and SIGHUP ask the runs to finish their round; a
/// second one ends them at once.
std::vector<RunReport> launch(const Preparation& preparation, const LearnerFactory& make_learner,
                              const LaunchOptions& options, Interruption& interruption);

}  // namespace msfusion
