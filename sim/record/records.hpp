// The rows of a result store. NaN is never stored: a figure that is not known is absent (NULL).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/ids.hpp"

namespace msfusion {

/// A number that may be unknown, e.g. joules on a platform that states no power.
using Maybe = std::optional<double>;

struct RunRecord {
  int run = 0;  ///< 0-based, methods x seeds in the scenario's order
  std::string method, label;
  std::string choices;  ///< "double shift | contrastive | peers | overlap mean"
  std::uint64_t seed = 0;
  int rounds = 0;                                             ///< at most
  Maybe until_seconds;                                        ///< of simulated time, at most
  std::string ended_by;                                       ///< see Columns<RunRecord>
  std::string state;                                          ///< waiting | running | finished | failed | interrupted
  std::string message;                                        ///< why it failed
  std::int64_t model_parameters = 0, model_forward_macs = 0;  ///< of the global model, per sample
  std::string without_power;                                  ///< see Columns<RunRecord>
};

struct DeviceRecord {
  int run = 0;
  NodeId device = 0;
  std::string name, kind;
  bool is_server = false;
  double speed_flops = 0;
  Maybe memory_bytes;
  std::int64_t samples = 0;  ///< training samples held
  Maybe battery_joules;      ///< capacity
  Maybe peer_x, peer_y;      ///< where a geometric peer graph puts it, in the unit square
};

/// A link of the platform; half of one where it is split-duplex.
struct LinkRecord {
  int run = 0;
  std::string link;
  double bandwidth_bytes_per_second = 0, latency_seconds = 0;
  std::optional<int> owner;  ///< the node whose own it is
  std::optional<int> nodes;  ///< how many have a route over it
};

/// What meets what in the platform, nodes' own links left out.
struct JointRecord {
  int run = 0;
  NodeId device = -1;           ///< -1: two links meet
  std::string link, next_link;  ///< see Columns<JointRecord>
};

/// Two devices that send to each other, device < peer.
struct PeerRecord {
  int run = 0;
  NodeId device = 0, peer = 0;
};

/// An event of a node's state profile.
struct StateEventRecord {
  int run = 0;
  NodeId device = 0;
  int event = 0;
  double seconds = 0;
  bool is_on = true;
  Maybe period_seconds;
};

struct RoundRecord {
  int run = 0, round = 0;
  double start_seconds = 0, end_seconds = 0;
  int participants = 0, completed = 0;  ///< tasks planned, and those that the merge used
  double training_flops = 0;
  double bytes_sent = 0, bytes_received = 0;
  Maybe joules;         ///< of the nodes that have a part in the method, idle included, and of the links
  Maybe device_joules;  ///< of the devices among them
  Maybe usd, grams_co2;
  Maybe mean_loss;                   ///< of the completed tasks; none in an empty round
  Maybe coverage, coverage_ever;     ///< share of the model's parameters trained this round, and in any round so far
  Maybe mean_staleness;              ///< rounds since a parameter was last trained, mean over all of them
  Maybe overlap_control;             ///< c(t) of a double shift
  std::optional<int> critical_node;  ///< with most time on the critical path
  std::string critical_path;         ///< "phone-3 computes 12 s, phone-3 -> server 4 s"
  Maybe wire_bytes_sent = {};        ///< headers and acknowledgements included; none: no framing
};

/// The units of one width axis that a device trained.
struct AxisSlice {
  int start = 0, length = 0, size = 0;  ///< `length` of `size` units, from `start` on; unit 0 follows the last
  bool is_window = true;                ///< false: scattered units, the first of which is `start`
};

struct DeviceRoundRecord {
  int run = 0, round = 0;
  NodeId device = 0;
  double split = 0;
  std::vector<AxisSlice> slice;  ///< in the order of the shape's axes
  std::int64_t parameters = 0, samples = 0;
  double training_flops = 0, peak_memory_bytes = 0;
  double bytes_sent = 0, bytes_received = 0;
  Maybe start_seconds, compute_start_seconds, compute_end_seconds, exchange_end_seconds;
  double busy_seconds = 0, idle_seconds = 0;
  Maybe joules, usd, grams_co2;
  Maybe loss;
  std::string fate;            ///< done | failed | late | skipped | in flight
  Maybe wire_bytes_sent = {};  ///< see RoundRecord
};

/// What a node was doing for a while, in seconds since the round's start.
struct SpanRecord {
  double from_seconds = 0, to_seconds = 0;
  bool computes = false, sends = false, receives = false;
};

/// What a node did in a round; the seconds add up to the round's length.
struct ActivityRecord {
  int run = 0, round = 0;
  NodeId device = 0;
  double compute_seconds = 0, send_seconds = 0, receive_seconds = 0, both_seconds = 0, idle_seconds = 0,
         off_seconds = 0;
  std::vector<SpanRecord> spans;  ///< in the order of time, idle and off left out
};

/// A step of the chain that made the round as long as it was. Computing: both nodes are the same.
struct CriticalStepRecord {
  int run = 0, round = 0, step = 0;
  NodeId device = 0, receiver = 0;
  double start_seconds = 0, end_seconds = 0;
};

struct BatteryRecord {
  int run = 0, round = 0;
  NodeId device = 0;
  double joules_left = 0;
};

struct EvaluationRecord {
  int run = 0, round = 0;  ///< after this round
  double seconds = 0;      ///< simulated, since the run began
  double global_accuracy = 0, global_loss = 0;
  Maybe submodel_accuracy, submodel_loss, disagreement;
  // Of devices on their own parts of the test split, see PersonalEvaluationRecord.
  Maybe personal_accuracy = {}, personal_weighted_accuracy = {}, personal_worst_tenth = {},
        personal_global_accuracy = {};
};

struct DeviceEvaluationRecord {
  int run = 0, round = 0;
  NodeId device = 0;
  double accuracy = 0, loss = 0;
};

struct PersonalEvaluationRecord {
  int run = 0, round = 0;
  NodeId device = 0;
  std::int64_t samples = 0;  ///< of its part of the test split
  double accuracy = 0, loss = 0, global_accuracy = 0;
};

struct AxisCoverageRecord {
  int run = 0, round = 0;
  std::string axis;
  std::vector<std::uint16_t> trained_by;  ///< per unit: how many devices trained it this round
};

struct LinkRoundRecord {
  int run = 0, round = 0;
  std::string link;
  double bytes = 0;
  Maybe joules;
  Maybe wire_bytes = {};  ///< see RoundRecord
};

/// Messages of one direction that arrived in a round, where a method encodes some.
struct EncodingRecord {
  int run = 0, round = 0;
  std::string direction;  ///< up | down | peers
  int messages = 0;
  double plain_bytes = 0, bytes = 0;
  Maybe error;  ///< mean over messages; none where the direction is not encoded, or nothing was trained
};

/// Of a round under <privacy>.
struct PrivacyRecord {
  int run = 0, round = 0;
  Maybe epsilon, delta;   ///< of all rounds so far; none without noise
  Maybe clip, shortened;  ///< none where nothing was trained or merged
};

/// What secure aggregation cost in a round.
struct SecureSumRecord {
  int run = 0, round = 0;
  int sums = 0, lost_sums = 0;
  double bytes = 0, clear_bytes = 0;
  double device_seconds = 0, server_seconds = 0;
};

/// What the draw of a round knew of a device that it asked something of.
struct SelectionRecord {
  int run = 0, round = 0;
  NodeId device = 0;
  bool chosen = false;
  Maybe told, score, seconds;  ///< see Columns<SelectionRecord>
};

/// What 5 % and 95 % of the drawn fleets had spent at most, from the run's beginning to the round's end.
struct IntervalRecord {
  int run = 0, round = 0;
  int draws = 0;
  double seconds_low = 0, seconds_high = 0;
  Maybe joules_low, joules_high, usd_low, usd_high, grams_co2_low, grams_co2_high;
};

/// The same figures of every drawn fleet, as numbers separated by blanks; empty where they are not known.
struct DrawRecord {
  int run = 0, round = 0;
  std::string seconds, joules, usd, grams_co2;
};

/// How even the devices' accuracies are: of the global model, on each device's shares of classes.
struct FairnessRecord {
  int run = 0, round = 0;  ///< after this round
  int devices = 0;
  double mean = 0, worst_tenth = 0, best_tenth = 0, deviation = 0;
};

struct WarningRecord {
  int run = 0, round = 0;  ///< round -1: before the first
  std::string text;
};

/// Real time, apart from the results: it differs from run to run.
struct WallRecord {
  int run = 0, round = 0;
  double round_seconds = 0, plan_seconds = 0, timing_seconds = 0, training_seconds = 0, merge_seconds = 0,
         evaluation_seconds = 0, record_seconds = 0;
};

/// All that one round writes, in one transaction.
struct RoundResult {
  RoundRecord round;
  std::vector<DeviceRoundRecord> devices;
  std::vector<ActivityRecord> activities;
  std::vector<CriticalStepRecord> critical_steps;
  std::vector<BatteryRecord> batteries;
  std::optional<EvaluationRecord> evaluation;
  std::vector<DeviceEvaluationRecord> device_evaluations;
  std::vector<PersonalEvaluationRecord> personal_evaluations;
  std::vector<AxisCoverageRecord> coverage;
  std::vector<LinkRoundRecord> links;
  std::vector<EncodingRecord> encodings;
  std::optional<PrivacyRecord> privacy;
  std::optional<SecureSumRecord> secure_sums;
  std::vector<SelectionRecord> selections;
  std::optional<FairnessRecord> fairness;
  std::vector<WarningRecord> warnings;
  WallRecord wall;
};

}  // namespace msfusion
