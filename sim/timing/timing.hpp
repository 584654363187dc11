// The clock: carries out round plans on a SimGrid platform. The only user of SimGrid.
#pragma once

#include <memory>
#include <string>

#include "sim/plan/fleet.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"

namespace msfusion {

struct TimingOptions {
  std::string platform_file;
  /// CM02: latency + bytes / bandwidth, which a reader can check by hand. LV08: SimGrid's TCP calibration
  /// (latency x 13.01, bandwidth x 0.97).
  enum class NetworkModel { cm02, lv08 };
  NetworkModel network = NetworkModel::cm02;
  double message_loss = 0;  ///< probability that a transfer is lost after it was sent
  std::uint64_t seed = 0;   ///< of the losses
};

/// The fleet of a platform file, loaded in a child process so that a file that makes SimGrid abort becomes a
/// message. Checks by meaning as well: speeds, properties, one server at most, a route between every pair that may
/// talk. Throws UserError with every mistake found, with file and line.
Fleet inspect_platform(const TimingOptions& options);

/// One SimGrid engine. At most one per process, created before any thread starts.
class Timing {
 public:
  explicit Timing(const TimingOptions& options);  ///< throws UserError
  ~Timing();
  Timing(const Timing&) = delete;
  Timing& operator=(const Timing&) = delete;

  const Fleet& fleet() const;
  double now_seconds() const;

  /// Carries out the plan from now on; afterwards now_seconds() is the round's end. Steps without `after` start at
  /// once. A step of zero bytes or FLOPs takes no time. Transfers between a node and itself are a mistake of ours (assert).
  TimedRound execute(const RoundPlan& plan);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace msfusion
