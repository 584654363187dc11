// A case as it was simulated and as it really went.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/plan/round_plan.hpp"
#include "tools/validation/cases.hpp"
#include "tools/validation/peers.hpp"
#include "tools/validation/simulated.hpp"

namespace msfusion {

struct RoundComparison {
  double measured_seconds = 0, simulated_seconds = 0;
  double calibrated_seconds = 0;   ///< simulated for cores as fast as they were when they were calibrated
  std::optional<double> slowness;  ///< of the slowest core, against the calibration; none: not measured

  std::optional<std::pair<double, double>> interval;  ///< see SimulatedRound

  double error() const { return simulated_seconds / measured_seconds - 1; }
  bool is_within() const {
    return interval && measured_seconds >= interval->first && measured_seconds <= interval->second;
  }
  double calibrated_error() const { return calibrated_seconds / measured_seconds - 1; }
};

/// Times are sums over the rounds.
struct Comparison {
  ValidationCase chosen;
  std::vector<RoundComparison> rounds;
  double simulated_compute = 0, measured_compute = 0;    ///< of all trainings
  double simulated_transfer = 0, measured_transfer = 0;  ///< of all transfers
  double late_seconds = 0;                               ///< most in a round: turns on a core that did not fit
  double merge_seconds = 0;                              ///< of the slowest node in every round
  double planned_bytes = 0, payload_bytes = 0, header_bytes = 0;
  std::optional<double> wire_bytes;
  bool same_parameters = false;
  nlohmann::json steps = nlohmann::json::array();  ///< one by one, to find the reason of an error

  /// Throws RunError if a step of the plan was not carried out.
  void add_round(const RoundPlan& plan, const SimulatedRound& calibrated, const SimulatedRound& simulated,
                 std::optional<double> slowness, const MeasuredRound& measured);

  double error() const;             ///< of the round time: the median of the rounds' errors
  double calibrated_error() const;  ///< the same without knowing how fast the cores were
  double worst_round() const;
  int rounds_with_interval() const;
  int rounds_within() const;
  double compute_error() const;
  double transfer_error() const;  ///< 0 where nothing is sent
  bool same_bytes() const { return planned_bytes == payload_bytes; }
};

extern const char* const kComparisonHead;  ///< of a Markdown table
std::string row(const Comparison& comparison);
nlohmann::json to_json(const Comparison& comparison);

}  // namespace msfusion
