// What a run's rows in the store begin with: its model, fleet and network, and what a reader should know of them.
#pragma once

#include "sim/experiment/run_loop.hpp"
#include "sim/method/planner.hpp"

namespace msfusion {

/// `trains`: the run has a learner.
void write_run_header(const RunInputs& inputs, const Timing& timing, const Planner& planner, const RunOptions& options,
                      bool trains, StoreWriter& store);

}  // namespace msfusion
