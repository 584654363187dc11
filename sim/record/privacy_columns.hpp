// The table of rounds under <privacy>; see columns.hpp.
#pragma once

#include "sim/record/records.hpp"
#include "sim/record/table_facts.hpp"

namespace msfusion {

template <>
struct Columns<PrivacyRecord> {
  static constexpr TableFacts facts{"privacy", "one row per round of runs with privacy", 2, true, 5};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("epsilon", r.epsilon, "", "of a user over this round and all before it; absent: no noise, no guarantee");
    visitor("delta", r.delta, "", "that belongs to it");
    visitor("clip", r.clip, "", "that held, as an L2 norm; absent where nothing was trained or arrived");
    visitor("shortened", r.shortened, "", "share of the arrived updates that were longer than the clip, 0 to 1");
  }
};

template <>
struct Columns<SecureSumRecord> {
  static constexpr TableFacts facts{"secure_sums", "one row per round of runs with secure aggregation", 2, true, 6};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "from 0");
    visitor("sums", r.sums, "", "formed, one per group of equal sub-models");
    visitor("lost_sums", r.lost_sums, "", "of them, those that too few devices answered for");
    visitor("bytes", r.bytes, "B", "of the messages that arrived: keys, shares, masked updates, answers");
    visitor("clear_bytes", r.clear_bytes, "B", "of the updates among them as 32-bit floats in the clear");
    visitor("device_seconds", r.device_seconds, "s", "that the protocol computed on a device, mean over the devices");
    visitor("server_seconds", r.server_seconds, "s", "that it computed on the server");
  }
};

}  // namespace msfusion
