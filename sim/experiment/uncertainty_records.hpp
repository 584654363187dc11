// What drawn fleets spent, as rows of the store, and what a reader must know of them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/experiment/redraws.hpp"
#include "sim/method/method.hpp"
#include "sim/record/records.hpp"

namespace msfusion {

/// By the FLOPs that training the whole model takes: of convolutions, linear layers and others (attention, recurrence).
LayerShares layer_shares(const Shape& shape);

/// One row per round.
std::vector<IntervalRecord> interval_records(int run, const DrawnCosts& costs);

/// Of the evaluated rounds and the last.
std::vector<DrawRecord> draw_records(int run, const DrawnCosts& costs, const std::set<int>& evaluated);

/// "computing of 10 of 11 nodes 30 %; rate and latency of 20 of 22 links 10 to 20 %; unknown of the others"
std::string uncertainty_in_words(const Uncertainty& uncertainty);

/// What of a run's plans would differ in other fleets, so that only the clock was drawn anew; empty: nothing.
/// `closes_early`: some round does not wait for all of its steps.
std::string adaptive_because(const Method& method, const Fleet& fleet, bool closes_early, bool is_timeless);

}  // namespace msfusion
