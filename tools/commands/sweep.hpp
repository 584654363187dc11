// What a sweep consists of: the values that vary, and every combination of them.
#pragma once

#include <string>
#include <vector>

#include "sim/scenario/scenario.hpp"

namespace msfusion {

/// What varies, and the changes that are the same for all.
struct Sweep {
  std::vector<SweepAxis> axes;
  std::vector<Override> fixed;
};

/// Paths that the command line gives several times, and those of the scenario's <sweep>.
Sweep split_sweep(const std::vector<Override>& overrides, const std::vector<SweepAxis>& of_scenario);

struct Combination {
  std::vector<Override> values;     ///< one of each axis
  std::vector<Override> overrides;  ///< these, what is the same for all, and the name
  std::string name;                 ///< of its folder: "batch=16,split=0.25"
  std::string run_name;             ///< as its scenario's name, so that a comparison tells the combinations apart
  RunLimits until;                  ///< of its scenario
};

/// All of them, every one prepared once, without training data. Throws UserError with the mistakes of all: those of a
/// value that varies name the line of its <vary> or the --set, others the combination.
std::vector<Combination> checked_combinations(const Sweep& sweep, const std::string& scenario);

}  // namespace msfusion
