// What the simulator says of a scenario with one run, round by round, with everything that real peers need to repeat
// it.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

struct SimulatedStep {
  double start_seconds = 0, end_seconds = 0;  ///< since the round began
};
struct SimulatedRound {
  double seconds = 0;
  std::vector<SimulatedStep> steps;  ///< like the plan's
  /// That holds 90 % of the fleets drawn from what the calibration may be off; none: it does not say.
  std::optional<std::pair<double, double>> interval;
};
struct Simulated {
  std::vector<RoundPlan> plans;
  std::vector<SimulatedRound> rounds;
  std::vector<std::vector<float>> parameters;      ///< of every node at the end, as Participant::parameters
  std::vector<std::vector<double>> delay_seconds;  ///< latency of the way from a node to another
};

/// In a child process, because a process has one SimGrid engine; leaves its files in the folder, plans.json among them.
/// Throws RunError.
Simulated simulate(const std::string& scenario_file, const std::string& folder);

/// How long a plan takes on the scenario's platform, without training. Likewise.
SimulatedRound time_again(const std::string& scenario_file, const RoundPlan& plan, const std::string& folder);

}  // namespace msfusion
