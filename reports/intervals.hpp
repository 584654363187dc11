// How sure times and costs are: what they were in fleets drawn from the uncertainty that the platform states.
#pragma once

#include <string>
#include <vector>

#include "reports/results.hpp"
#include "reports/scale.hpp"

namespace msfusion {

/// 5 % and 95 % of the drawn fleets had less.
struct Interval {
  double low = 0, high = 0;
};

/// A row of the store as numbers. Throws UserError for one that is damaged.
Drawn drawn_of(const DrawRecord& record, const std::string& store_file);

/// In each fleet, the mean over the runs of one method; empty where some run has no draws.
std::vector<double> drawn_means(const std::vector<const Cost*>& costs, std::vector<double> Drawn::*figure);

std::optional<Interval> interval_of(const std::vector<double>& draws);

/// "3.61 to 5.12", in the scale's unit.
std::string in_words(const Interval& interval, const Scale& scale);

/// The share of the fleets in which `one` was less than `other`; equal ones count half. None where either has no draws.
Maybe share_before(const std::vector<double>& one, const std::vector<double>& other);

/// How often each was the least; equal ones share a fleet.
std::vector<double> shares_first(const std::vector<std::vector<double>>& draws);

/// "97 %", "over 99 %" where every fleet but less than one in a hundred agrees.
std::string sureness(double share);

/// Whether any figure has an interval.
bool has_draws(const Results& results);

/// "200", or "50 to 200" where runs differ; empty without draws.
std::string draws_of(const Results& results);

/// "; from .. to: 90 % of 200 fleets drawn from the platform's uncertainty"; empty without draws.
std::string draws_note(const Results& results);

}  // namespace msfusion
