// The clock: carries out round plans on a SimGrid platform. The only user of SimGrid.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/plan/fleet.hpp"
#include "sim/plan/round_plan.hpp"
#include "sim/plan/timed_round.hpp"
#include "sim/platform/profile.hpp"
#include "sim/platform/traces.hpp"
#include "sim/timing/uncertainty.hpp"

namespace msfusion {

/// Pairs of nodes that send to each other, both ways; `all_devices`: every pair of devices as well.
struct Senders {
  bool all_devices = false;
  std::vector<std::pair<NodeId, NodeId>> pairs;
};

struct TimingOptions {
  std::string platform_file;
  std::string server;  ///< host that is the server, where the file names none; empty: what the file says
  /// The pairs of nodes that exchange messages and therefore need a route. None: every device to every other one and to
  /// the server, through its aggregator where it has one.
  std::function<Senders(const Fleet&)> senders;
  /// CM02: latency + bytes / bandwidth, which a reader can check by hand. LV08: SimGrid's TCP calibration
  /// (latency x 13.01, bandwidth x 0.97); slower to simulate.
  enum class NetworkModel { cm02, lv08 };
  NetworkModel network = NetworkModel::cm02;
  std::vector<std::string> simgrid;      ///< SimGrid's own settings, KEY:VALUE, after ours, which they replace
  double message_loss = 0;               ///< probability that a transfer is lost after it was sent
  std::uint64_t seed = 0;                ///< of the losses, and of who takes which row of a trace
  std::shared_ptr<const Traces> traces;  ///< null: none
  /// How many transfers a device sends at the same time; the others wait for their turn in plan order. 0: all at once.
  /// The server has no limit. With hundreds of peers that all send to each other a small number (1 to 4) makes the
  /// simulation feasible: the cost of an instant grows with the number of flows under way, and so does their number.
  int sends_at_once = 0;
};

/// The fleet of a platform file, loaded in a child process so that a file that makes SimGrid abort becomes a
/// message. Checks by meaning as well: speeds, properties, one server at most, a route between every pair that may
/// talk. Throws UserError with every mistake found, with file and line.
Fleet inspect_platform(const TimingOptions& options);

/// A link of the platform as the file states it; each half of a split-duplex link is one.
struct LinkInfo {
  std::string name;
  double bandwidth_bytes_per_second = 0;
  double latency_seconds = 0;
};

/// The way from one node to another.
struct RouteInfo {
  std::vector<int> links;  ///< into Timing::links(), in the order they are crossed
  double latency_seconds = 0;
  double bandwidth_bytes_per_second = 0;  ///< of the narrowest link
};

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
  /// once. A step of zero bytes or FLOPs takes no time. Transfers between a node and itself are a mistake of ours
  /// (assert). A plan without steps that closes on a deadline waits until then; any other plan closes at the latest
  /// when none of its steps can go on.
  /// Where the plan closes on arrivals, each before the last is told to `on_arrival`, if there is one, at its instant.
  /// It may add tasks and steps to the plan: they start at once, or after other added ones.
  TimedRound execute(const RoundPlan& plan, const std::function<void(const Arrival&)>& on_arrival = {});

  /// Whether a node is switched on now (the platform's state profiles).
  bool is_on(NodeId node) const;

  /// Whether a step of a training of this device is under way or still to come.
  bool is_busy(NodeId device) const;

  /// When the platform next switches a host or link on or off; none if it never does again.
  std::optional<double> next_switch_seconds() const;

  /// When each node that has a state profile is on and off; the others always are on.
  std::map<NodeId, Profile> state_profiles() const;

  const std::vector<LinkInfo>& links() const;     ///< by name
  RouteInfo route(NodeId from, NodeId to) const;  ///< throws RunError if there is none

  /// How far the platform's figures may be off, as it states.
  const Uncertainty& uncertainty() const;

  /// From now on steps take what they take in that fleet. Not while one is under way. Factors of an earlier call are
  /// forgotten; fleet() stays what the platform says.
  void redraw(const DrawnFleet& fleet);

  /// Whether a round takes the same whenever it begins: nothing has a profile or a trace, and no message is lost.
  bool is_timeless() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace msfusion
