// A platform loaded into this process's SimGrid engine.
#pragma once

#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

#include "sim/plan/fleet.hpp"
#include "sim/platform/platform_file.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

/// A link whose bandwidth changes over time: factor x the series, bytes/s.
struct LinkSeries {
  simgrid::s4u::Link* link = nullptr;
  const StepSeries* series = nullptr;
  double factor = 1;
};

/// The engine lives until the process ends: SimGrid cannot take one down and start another.
struct SimGridPlatform {
  simgrid::s4u::Engine* engine = nullptr;
  Fleet fleet;
  std::vector<simgrid::s4u::Host*> hosts;  ///< by NodeId
  std::vector<double> work_factors;        ///< by device: SimGrid's FLOPs for one of ours; empty: all 1
  std::vector<LinkSeries> link_series;     ///< of traces and of the platform file, which must outlive it
  std::vector<StateProfile> trace_states;  ///< when traces have devices on and off
};

/// Configures the engine as the options say and loads the file, already checked. Throws UserError for what SimGrid
/// reports politely; what it aborts for aborts.
SimGridPlatform load_platform(const TimingOptions& options, const PlatformFile& file);

/// The first of the pairs that send to each other by the options and have no route. Where all devices do, a large fleet
/// has too many pairs: there each device's with its neighbours in the fleet and with the first device are looked at.
std::vector<Mistake> unreachable_pairs(const SimGridPlatform& platform, const PlatformFile& file,
                                       const TimingOptions& options);

/// What SimGrid says about a file, as a mistake with the line that stands in the message.
Mistake simgrid_mistake(const std::string& message, const std::string& file);

}  // namespace msfusion
