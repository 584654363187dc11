// An evaluation as the rows that are recorded of it.
#pragma once

#include "sim/learn/learner.hpp"
#include "sim/record/records.hpp"

namespace msfusion {

/// Adds the rows to those of the round that it follows, at the round's end.
void add_evaluation(RoundResult& result, const Evaluation& evaluation);

}  // namespace msfusion
