// Everything that the runs of a scenario share, read and checked before anything runs.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/data/dataset.hpp"
#include "sim/data/partition.hpp"
#include "sim/method/method.hpp"
#include "sim/method/planner.hpp"
#include "sim/plan/fleet.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/shape/models.hpp"
#include "sim/shape/shape.hpp"
#include "sim/shape/tensor_file.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

/// A scenario with its platform and data. Immutable, and shared by the forked runs page by page.
struct Preparation {
  Scenario scenario;
  Fleet fleet;
  Dataset data;
  SampleShape samples;
  std::shared_ptr<const Traces> traces;       ///< of time; null: none
  std::shared_ptr<const TensorFile> initial;  ///< the start values; null: drawn at random
  std::set<std::string> input_files;  ///< all that were read but the scenario: platform, its profiles, graphs, data
};

/// Reads the scenario and all that it names. Throws UserError with every mistake that can be found without running.
/// `cost_only` loads labels and sizes, not pixels.
/// `before_data` is called when no process will be forked any more, before the data is read.
Preparation prepare(const std::string& scenario_file, const std::vector<Override>& overrides, bool cost_only,
                    const std::function<void()>& before_data = {});
Preparation prepare(Scenario scenario, bool cost_only, const std::function<void()>& before_data = {});

/// What a reader of a plan must know about data that is not there; empty if it is.
std::string data_note(const Preparation& preparation);

/// One (method, seed) of a scenario.
struct RunSpec {
  int run = 0;  ///< methods x seeds in the scenario's order, methods outermost
  const Method* method = nullptr;
  std::uint64_t seed = 0;
};
std::vector<RunSpec> runs_of(const Preparation& preparation);

/// What one run works on: the method's model (narrowed where it says so), who holds what, and the planner's setup.
class RunInputs {
 public:
  RunInputs(const Preparation& preparation, const RunSpec& run);  ///< throws UserError
  RunInputs(const RunInputs&) = delete;
  RunInputs& operator=(const RunInputs&) = delete;

  const Preparation& preparation;
  const RunSpec run;
  TrainingOptions training;  ///< the scenario's, with what the method prescribes
  Partition parts;
  Shape shape;

  PlannerSetup planner_setup(const Fleet& fleet) const;

 private:
  std::vector<std::int64_t> samples_held_;
};

/// The rounds of a method's runs, at most: its own, or else the scenario's.
int rounds_of(const Scenario& scenario, const Method& method);

/// How many transfers a device sends at the same time, 0 for all: what the scenario says, otherwise all, but one by one
/// in a fleet of more than 64 peers. There a complete graph's flows, all at once, would cost the square of their
/// number.
int transfers_at_once(const Scenario& scenario, const Method& method, int devices);

TimingOptions timing_options(const Scenario& scenario, std::uint64_t seed);

}  // namespace msfusion
