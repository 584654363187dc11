// The table of devices on their own parts of the test split.
#pragma once

#include "sim/record/records.hpp"
#include "sim/record/table_facts.hpp"

namespace msfusion {

template <>
struct Columns<PersonalEvaluationRecord> {
  static constexpr TableFacts facts{
      "personal_evaluations",
      "one row per evaluation and device that has trained, in runs that test devices on their own parts of the test "
      "split: the model that it would use",
      3, true, 6};
  template <class Record, class Visitor>
  static void visit(Record& r, Visitor&& visitor) {
    visitor("run", r.run, "", "see runs");
    visitor("round", r.round, "", "after this round");
    visitor("device", r.device, "", "see devices");
    visitor("samples", r.samples, "", "of its part; a device whose part is empty has no row");
    visitor("accuracy", r.accuracy, "", "of the device's model, 0 to 1");
    visitor("loss", r.loss, "nat", "cross-entropy of the device's model");
    visitor("global_accuracy", r.global_accuracy, "", "of the global model on the same part");
  }
};

}  // namespace msfusion
