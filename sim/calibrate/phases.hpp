// Times of many things that a machine did in turn, freed of the phases in which all of it went slower or faster.
#pragma once

#include <string>
#include <vector>

namespace msfusion {

/// `passes[p][i]`: seconds that thing i took in pass p; each pass has all things, in the same order. Returns how long
/// each takes at the machine's usual speed. The speed at any moment is seen in what was done around it: the median of
/// those times against their own usual ones, which are found together with it, in turns (as in Tukey's median polish,
/// with moments for columns). Medians of each thing alone would be of a slow phase for some and of a fast one for
/// others. At least one pass.
std::vector<double> at_usual_speed(const std::vector<std::vector<double>>& passes);

/// How fast the machine was at a moment, against its usual speed.
struct SpeedAt {
  double seconds = 0;  ///< since measuring began
  double ratio = 1;
};

/// Those as a profile of speeds for a platform file (`speed_file`), which repeats: a line for each second in which
/// something was measured, with the median of what was seen in it.
std::string speed_profile(const std::vector<SpeedAt>& moments);

/// How much the speed went up and down: the standard deviation of the logarithm of its medians over a second each, from
/// second to second; 0 for one second.
double speed_variation(const std::vector<SpeedAt>& moments);

}  // namespace msfusion
