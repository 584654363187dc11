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

}  // namespace msfusion
