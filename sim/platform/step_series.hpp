// A figure that changes in steps over time and repeats: the bandwidth of a line, the carbon intensity of a grid.
#pragma once

#include <string>
#include <vector>

#include "sim/platform/profile.hpp"

namespace msfusion {

struct StepSeries {
  std::vector<double> starts;  ///< seconds, ascending, the first is 0
  std::vector<double> values;  ///< from that start on
  double period_seconds = 0;

  double at(double seconds) const;
  double next_change(double seconds) const;  ///< the first one after `seconds`
  double mean() const;                       ///< over a period

  /// The same with every value multiplied.
  Profile as_profile(double factor) const;
};

/// Reads "start_s,COLUMN": a line a step; the last line has an end and no value ("86400,"), where it repeats. Values
/// lie from `low` up to `high`. Throws UserError.
StepSeries read_step_series(const std::string& file, const std::string& column, double low, double high);

}  // namespace msfusion
