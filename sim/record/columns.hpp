// Every table of the store, column by column, in one place: schema, writing, reading, CSV and documentation all visit
// it.
#pragma once

#include "sim/record/personal_columns.hpp"
#include "sim/record/privacy_columns.hpp"
#include "sim/record/records.hpp"
#include "sim/record/table_facts.hpp"
#include "sim/record/uncertainty_columns.hpp"

namespace msfusion {

template <>
struct Columns<RunRecord> {
  static constexpr TableFacts facts{"runs", "one row per method and seed of the scenario", 1, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "methods x seeds in the scenario's order, from 0");
    visitor("method", r.method, "", "name of the method");
    visitor("label", r.label, "", "how the scenario calls it, unique in the scenario");
    visitor("choices", r.choices, "",
            "its choices: split | objective | exchange | merge, and the encoding where it has one");
    visitor("seed", r.seed, "", "of every random draw; decimal text, because it has 64 bits without a sign");
    visitor("rounds", r.rounds, "", "at most; as many as it did are in the table rounds");
    visitor("until_seconds", r.until_seconds, "s", "of simulated time that it may take; absent: no limit");
    visitor(
        "ended_by", r.ended_by, "",
        "what ended it: rounds, time, traffic, energy or target; recorded: it is the recost of a run that one of the "
        "last four ended; empty until it has finished");
    visitor("state", r.state, "", "waiting, running, finished, failed or interrupted");
    visitor("message", r.message, "", "why it failed");
    visitor("model_parameters", r.model_parameters, "", "of the global model");
    visitor("model_forward_macs", r.model_forward_macs, "MAC", "of the global model, per sample");
    visitor("without_power", r.without_power, "",
            "nodes that have a part in the method and of which the platform states no power, so that its joules are "
            "absent; empty: none");
  }
};

template <>
struct Columns<DeviceRecord> {
  static constexpr TableFacts facts{"devices", "one row per node of the fleet and run", 2, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("device", r.device, "", "0 .. N-1 in the fleet's order; the server, if any, comes after them");
    visitor("name", r.name, "", "of the host in the platform file");
    visitor("kind", r.kind, "", "e.g. phone");
    visitor("is_server", r.is_server, "", "1 for the server and its edge aggregators, 0 otherwise");
    visitor("speed_flops", r.speed_flops, "FLOP/s", "of one core");
    visitor("memory_bytes", r.memory_bytes, "B", "absent where the platform does not say");
    visitor("samples", r.samples, "", "training samples held");
    visitor("battery_joules", r.battery_joules, "J", "what its battery holds; absent where it has none");
    visitor("peer_x", r.peer_x, "", "place in a geometric peer graph, 0 to 1; absent in others");
    visitor("peer_y", r.peer_y, "", "place in a geometric peer graph, 0 to 1; absent in others");
  }
};

template <>
struct Columns<LinkRecord> {
  static constexpr TableFacts facts{"links", "one row per link of the platform and run", 2, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("link", r.link, "", "name in the platform; each half of a split-duplex link is one");
    visitor("bandwidth_bytes_per_second", r.bandwidth_bytes_per_second, "B/s", "as the platform states it");
    visitor("latency_seconds", r.latency_seconds, "s", "one way");
    visitor("owner", r.owner, "",
            "the node all of whose messages out, or in, cross it, and nobody else's; absent: shared by several, or the "
            "fleet has more than 1000 devices");
    visitor("nodes", r.nodes, "", "how many nodes have a route over it; absent: the fleet has more than 1000 devices");
  }
};

template <>
struct Columns<JointRecord> {
  static constexpr TableFacts facts{
      "joints", "what meets what in the platform, nodes' own links left out; up to 1000 devices", 4, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("device", r.device, "", "see devices; -1: two links meet");
    visitor("link", r.link, "",
            "a shared link; empty: the middle of the network, where nodes meet that share nothing on their way");
    visitor("next_link", r.next_link, "", "the shared link that follows; empty after a device");
  }
};

template <>
struct Columns<PeerRecord> {
  static constexpr TableFacts facts{"peers", "the peer graph: one row per pair of devices that send to each other", 3,
                                    true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("device", r.device, "", "the lower of the two; see devices");
    visitor("peer", r.peer, "", "the higher");
  }
};

template <>
struct Columns<StateEventRecord> {
  static constexpr TableFacts facts{
      "state_profiles",
      "when nodes are on and off, as the platform's state profiles say; a node without a row is always on", 3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("device", r.device, "", "see devices");
    visitor("event", r.event, "", "of its profile, from 0, in order of time; before the first one the node is on");
    visitor("seconds", r.seconds, "s", "simulated, since the run began or, in a profile that repeats, the repetition");
    visitor("is_on", r.is_on, "", "1: on from then; 0: off");
    visitor("period_seconds", r.period_seconds, "s", "after which the profile repeats; absent: it does not");
  }
};

template <>
struct Columns<RoundRecord> {
  static constexpr TableFacts facts{"rounds", "one row per finished round", 2, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("start_seconds", r.start_seconds, "s", "simulated, since the run began");
    visitor("end_seconds", r.end_seconds, "s", "simulated, since the run began");
    visitor("participants", r.participants, "", "trainings planned");
    visitor("completed", r.completed, "", "trainings that the merge used");
    visitor("training_flops", r.training_flops, "FLOP",
            "2 x MACs of all local trainings, a server's part of a split network included");
    visitor("bytes_sent", r.bytes_sent, "B", "that left any node, server included");
    visitor("bytes_received", r.bytes_received, "B", "that arrived complete at any node");
    visitor("joules", r.joules, "J",
            "of the nodes that have a part in the method, idle included, and of links; absent where one of these nodes "
            "states no power");
    visitor("device_joules", r.device_joules, "J",
            "of the devices among these nodes alone; absent where one of them states no power");
    visitor("usd", r.usd, "USD", "of the same: their time, traffic and energy by the price list; absent without one");
    visitor("grams_co2", r.grams_co2, "g", "of CO2, of that energy; absent without a figure for it");
    visitor("mean_loss", r.mean_loss, "",
            "of the local objective over the completed trainings; absent in an empty round");
    visitor("coverage", r.coverage, "", "share of the model's parameters trained in this round, 0 to 1");
    visitor("coverage_ever", r.coverage_ever, "",
            "share of the model's parameters trained in this or an earlier round, 0 to 1");
    visitor("mean_staleness", r.mean_staleness, "rounds",
            "since a parameter was last trained, mean over the model's parameters; 0: all in this round");
    visitor("overlap_control", r.overlap_control, "", "c(t) of a double shift, 0 to 1");
    visitor("critical_node", r.critical_node, "", "the device with most time on the critical path");
    visitor("critical_path", r.critical_path, "", "in words: which steps the round's end waited for");
    visitor("wire_bytes_sent", r.wire_bytes_sent, "B",
            "with the headers of frames and the acknowledgements; absent where the platform states no framing");
  }
};

template <>
struct Columns<DeviceRoundRecord> {
  static constexpr TableFacts facts{"device_rounds",
                                    "one row per device that began a training in a round; of several, in asynchronous "
                                    "methods, samples and FLOPs are the "
                                    "sum and the fate is the worst",
                                    3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("device", r.device, "", "see devices");
    visitor("split", r.split, "", "rate that the slice was cut with, 0 to 1");
    visitor("slice", r.slice, "", "window of each axis in the shape's order: start+length/size, separated by blanks");
    visitor("parameters", r.parameters, "", "of the sub-model, on both sides of a cut (splitfed)");
    visitor("samples", r.samples, "", "processed: local epochs x samples held");
    visitor("training_flops", r.training_flops, "FLOP", "2 x MACs, of the layers that the device itself trains");
    visitor("peak_memory_bytes", r.peak_memory_bytes, "B", "needed while training these layers");
    visitor("bytes_sent", r.bytes_sent, "B", "by this device");
    visitor("bytes_received", r.bytes_received, "B", "by this device");
    visitor("start_seconds", r.start_seconds, "s", "simulated: its first step");
    visitor("compute_start_seconds", r.compute_start_seconds, "s", "simulated");
    visitor("compute_end_seconds", r.compute_end_seconds, "s", "simulated");
    visitor("exchange_end_seconds", r.exchange_end_seconds, "s", "simulated: its last transfer");
    visitor("busy_seconds", r.busy_seconds, "s", "computing");
    visitor("idle_seconds", r.idle_seconds, "s", "switched on, and neither computing nor sending nor receiving");
    visitor("joules", r.joules, "J", "its own, idle included");
    visitor("usd", r.usd, "USD", "its own");
    visitor("grams_co2", r.grams_co2, "g", "of CO2, of its own energy");
    visitor("loss", r.loss, "", "mean of the local objective over the steps");
    visitor("fate", r.fate, "", "done, failed, late, skipped or in flight");
    visitor("wire_bytes_sent", r.wire_bytes_sent, "B",
            "by this device, with headers and its acknowledgements; absent without framing");
  }
};

template <>
struct Columns<ActivityRecord> {
  static constexpr TableFacts facts{
      "activities",
      "what a node did in a round, the server included: the seconds add up to the round; no row: idle for all of it", 3,
      true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("device", r.device, "", "see devices");
    visitor("compute_seconds", r.compute_seconds, "s", "computing, whatever else");
    visitor("send_seconds", r.send_seconds, "s", "sending only");
    visitor("receive_seconds", r.receive_seconds, "s", "receiving only");
    visitor("both_seconds", r.both_seconds, "s", "sending and receiving, not computing");
    visitor("idle_seconds", r.idle_seconds, "s", "switched on, and none of these");
    visitor("off_seconds", r.off_seconds, "s", "switched off");
    visitor("spans", r.spans, "",
            "WHAT:FROM:TO separated by blanks, idle and off left out; WHAT is of c computes, s sends, r receives; "
            "seconds since the round's start, to nine digits");
  }
};

template <>
struct Columns<CriticalStepRecord> {
  static constexpr TableFacts facts{"critical_steps", "the chain of steps that the round's end waited for", 3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("step", r.step, "", "from 0");
    visitor("device", r.device, "", "who computes or sends");
    visitor("receiver", r.receiver, "", "who receives; computing: the device itself");
    visitor("start_seconds", r.start_seconds, "s", "simulated");
    visitor("end_seconds", r.end_seconds, "s", "simulated");
  }
};

template <>
struct Columns<BatteryRecord> {
  static constexpr TableFacts facts{"batteries", "one row per round and device that has a battery", 3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("device", r.device, "", "see devices");
    visitor("joules_left", r.joules_left, "J", "at the round's end");
  }
};

template <>
struct Columns<EvaluationRecord> {
  static constexpr TableFacts facts{"evaluations", "one row per evaluation on the test split", 2, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "after this round");
    visitor("seconds", r.seconds, "s", "simulated, since the run began");
    visitor("global_accuracy", r.global_accuracy, "", "of the assembled model, 0 to 1");
    visitor("global_loss", r.global_loss, "nat", "cross-entropy of the assembled model");
    visitor("submodel_accuracy", r.submodel_accuracy, "", "mean over the devices' sub-models, 0 to 1");
    visitor("submodel_loss", r.submodel_loss, "nat", "mean over the devices' sub-models");
    visitor("disagreement", r.disagreement, "", "peers: mean over devices of |view - mean view| / |mean view|");
    visitor("personal_accuracy", r.personal_accuracy, "",
            "mean over the devices of personal_evaluations, each on its own part of the test split; absent: not asked "
            "for");
    visitor("personal_weighted_accuracy", r.personal_weighted_accuracy, "", "the same, weighted by the parts' samples");
    visitor("personal_worst_tenth", r.personal_worst_tenth, "",
            "the same over the tenth of these devices (rounded up) with the lowest accuracies");
    visitor("personal_global_accuracy", r.personal_global_accuracy, "",
            "of the global model on the same parts, mean over the devices");
  }
};

template <>
struct Columns<DeviceEvaluationRecord> {
  static constexpr TableFacts facts{"device_evaluations", "one row per device and evaluation: its own sub-model", 3,
                                    true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "after this round");
    visitor("device", r.device, "", "see devices");
    visitor("accuracy", r.accuracy, "", "0 to 1");
    visitor("loss", r.loss, "nat", "cross-entropy");
  }
};

template <>
struct Columns<AxisCoverageRecord> {
  static constexpr TableFacts facts{"axis_coverage", "one row per width axis and round", 3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("axis", r.axis, "", "name of the width axis");
    visitor(
        "trained_by", r.trained_by, "",
        "per unit, how many devices trained it; in the store 2 bytes each, little-endian; in CSV separated by blanks");
  }
};

template <>
struct Columns<LinkRoundRecord> {
  static constexpr TableFacts facts{"link_rounds", "one row per link that a round used", 3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("link", r.link, "", "name in the platform");
    visitor("bytes", r.bytes, "B", "carried");
    visitor("joules", r.joules, "J", "absent where the platform states no power");
    visitor("wire_bytes", r.wire_bytes, "B", "carried, with headers and acknowledgements; absent without framing");
  }
};

template <>
struct Columns<EncodingRecord> {
  static constexpr TableFacts facts{"encodings",
                                    "one row per round and direction of the parameters that arrived, in runs whose "
                                    "method encodes messages",
                                    3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("direction", r.direction, "", "up: from a device; down: to a device; peers: from device to device");
    visitor("messages", r.messages, "", "that arrived complete");
    visitor("plain_bytes", r.plain_bytes, "B", "that they would have had as 32-bit floats");
    visitor("bytes", r.bytes, "B", "that they had; plain_bytes / bytes is the compression ratio");
    visitor("error", r.error, "",
            "mean over the messages: up |decoded - sent| / |update|, down |decoded - sent| / |sent|; absent where "
            "nothing was encoded or trained");
  }
};

template <>
struct Columns<SelectionRecord> {
  static constexpr TableFacts facts{
      "selections", "one row per round and device that a selection asked, or that told it something", 3, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("device", r.device, "", "see devices");
    visitor("chosen", r.chosen, "", "1: it was asked to train; 0: it only told something, or was considered");
    visitor("told", r.told, "", "its loss, before the draw or of its training; oort: root mean square; tifl: accuracy");
    visitor("score", r.score, "", "what the draw weighed: samples, loss, score, seconds added (fedcs); tifl: its tier");
    visitor("seconds", r.seconds, "s", "what the draw took its round to last, by the platform or by its last round");
  }
};

template <>
struct Columns<FairnessRecord> {
  static constexpr TableFacts facts{"fairness", "one row per evaluation where cohorts are drawn", 2, true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "after this round");
    visitor("devices", r.devices, "", "that hold samples");
    visitor("mean", r.mean, "", "of the global model's accuracies on devices' classes, weighted by samples; 0 to 1");
    visitor("worst_tenth", r.worst_tenth, "", "mean over the tenth of them with the lowest accuracy, 0 to 1");
    visitor("best_tenth", r.best_tenth, "", "mean over the tenth with the highest, 0 to 1");
    visitor("deviation", r.deviation, "", "standard deviation over the devices");
  }
};

template <>
struct Columns<WarningRecord> {
  static constexpr TableFacts facts{"warnings", "what a reader should know: exclusions, stale elements, failures", 3,
                                    true};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "-1: before the first");
    visitor("text", r.text, "", "");
  }
};

template <>
struct Columns<WallRecord> {
  static constexpr TableFacts facts{"wall", "real time of each round on the computer that ran it", 2, false};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("round_seconds", r.round_seconds, "s", "the whole round");
    visitor("plan_seconds", r.plan_seconds, "s", "");
    visitor("timing_seconds", r.timing_seconds, "s", "SimGrid");
    visitor("training_seconds", r.training_seconds, "s", "waiting for local training");
    visitor("merge_seconds", r.merge_seconds, "s", "");
    visitor("evaluation_seconds", r.evaluation_seconds, "s", "waiting for it");
    visitor("record_seconds", r.record_seconds, "s",
            "of the processor, waiting left out: making this round's rows, and writing those of the round before");
  }
};

/// Calls visitor(R()) for every record type, in the order of the documentation.
template <class Visitor>
void for_each_table(Visitor&& visitor) {
  visitor(RunRecord());
  visitor(DeviceRecord());
  visitor(LinkRecord());
  visitor(JointRecord());
  visitor(PeerRecord());
  visitor(StateEventRecord());
  visitor(RoundRecord());
  visitor(DeviceRoundRecord());
  visitor(ActivityRecord());
  visitor(CriticalStepRecord());
  visitor(BatteryRecord());
  visitor(EvaluationRecord());
  visitor(DeviceEvaluationRecord());
  visitor(PersonalEvaluationRecord());
  visitor(AxisCoverageRecord());
  visitor(LinkRoundRecord());
  visitor(EncodingRecord());
  visitor(PrivacyRecord());
  visitor(SecureSumRecord());
  visitor(SelectionRecord());
  visitor(FairnessRecord());
  visitor(IntervalRecord());
  visitor(DrawRecord());
  visitor(WarningRecord());
  visitor(WallRecord());
}

}  // namespace msfusion
