// What the timing executor found out about a round plan.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/plan/round_plan.hpp"

namespace msfusion {

enum class Fate {
  done,
  failed,     ///< its host or link went off, or the message was lost
  late,       ///< cancelled because the round closed
  skipped,    ///< never started: something that it waits for failed or was late
  in_flight,  ///< goes on after the round closed
};

/// Times in simulated seconds since the run began; `start` and `end` are NaN for skipped steps, `end` is when it
/// stopped for failed and late ones and NaN in flight.
struct TimedStep {
  double start_seconds = 0;
  double end_seconds = 0;
  Fate fate = Fate::done;
};

/// A step of an earlier round that ended in this one.
struct CarriedStep {
  int round = 0;
  StepId step = 0;
  TimedStep timed;
};

/// The last step of a training is done.
struct Arrival {
  int round = 0;  ///< in which the training began
  StepId step = 0;
};

/// What a node did for a while. Sending and receiving include the latency of the way.
struct ActivitySpan {
  double start_seconds = 0, end_seconds = 0;
  bool computes = false, sends = false, receives = false;
};

/// What energy emitted and cost where its carbon intensity or price changes over time; NaN where the platform states no
/// power. None: they are constant.
struct Charged {
  std::optional<double> grams_co2, usd;
};

/// What a node used between the round's start and end. Joules are NaN where the platform states no power.
struct NodeUse {
  NodeId node = 0;
  double busy_seconds = 0;    ///< computing
  double bytes_sent = 0;      ///< that left the node; of a lost or late message, the bytes sent before it was dropped
  double bytes_received = 0;  ///< that arrived complete
  double joules = 0;          ///< the host's own, idle included
  double off_seconds = 0;     ///< switched off
  Charged charged = {};
  std::vector<ActivitySpan> spans = {};        ///< in order of time; in between it was idle or off
  std::optional<double> wire_bytes_sent = {};  ///< headers and acknowledgements included; none: no framing
};

struct LinkUse {
  std::string name;
  double bytes = 0;
  double joules = 0;  ///< NaN where the platform states no power
  Charged charged = {};
  std::optional<double> wire_bytes = {};  ///< headers and acknowledgements included; none: no framing
};

struct TimedRound {
  int round = 0;
  double start_seconds = 0;
  double end_seconds = 0;
  std::vector<TimedStep> steps;  ///< like the plan's
  std::vector<CarriedStep> carried;
  std::vector<NodeUse> nodes;  ///< every node of the fleet, by id
  std::vector<LinkUse> links;  ///< every link that the round used, by name
};

/// The transfers that a sum of the plan brought along: those that it comes after and that are done, where the step is a
/// sum that is done itself; none for other steps.
std::vector<StepId> arrived_parts(const RoundPlan& plan, const TimedRound& timed, StepId sum);

/// Whether the plan's all-reduce came to its end: every training and every part of the sum is done.
bool is_reduced(const RoundPlan& plan, const TimedRound& timed);
/// The masked updates whose sum was lost: too few answers came, or the server could not take the masks off.
std::set<StepId> lost_in_sums(const RoundPlan& plan, const TimedRound& timed);

/// Whether the sum was lost.
bool is_lost(const SecureSum& sum, const TimedRound& timed);

/// The tasks of a plan whose training took place: all of the device's computing until it sends the result was done (or
/// is still going on, where the plan keeps it in flight), whatever became of its messages.
std::vector<TaskId> trained_tasks(const RoundPlan& plan, const TimedRound& timed);

}  // namespace msfusion
