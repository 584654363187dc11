// All that a device trains in a round: the model that it trains with others, and one of its own where it has one.
#pragma once

#include <vector>

#include "sim/learn/running/run_context.hpp"

namespace msfusion {

/// As train_together(). The own models see the same batches, crops and dropout.
std::vector<TrainingResult> train_all(const RunContext& run, const std::vector<TrainingJob>& jobs);

}  // namespace msfusion
