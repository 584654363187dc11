// How much smaller encoded messages were, as the rows that are recorded of it.
#pragma once

#include <functional>
#include <vector>

#include "sim/encode/encoding.hpp"
#include "sim/learn/learner.hpp"
#include "sim/plan/fleet.hpp"
#include "sim/plan/timed_round.hpp"
#include "sim/record/records.hpp"

namespace msfusion {

/// A row for each direction in which parameters arrived in the round, carried ones included; `plan_of` gives the plan
/// of an earlier round that still had steps in flight. No rows for a method that encodes nothing.
std::vector<EncodingRecord> encoding_records(const EncodingOptions& encoding, int run, const Fleet& fleet,
                                             const RoundPlan& plan, const TimedRound& timed,
                                             const std::function<const RoundPlan&(int)>& plan_of);

/// Sets what learning found out.
void set_errors(std::vector<EncodingRecord>& records, const CodingErrors& errors);

}  // namespace msfusion
