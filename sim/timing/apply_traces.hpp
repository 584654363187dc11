// Puts what changes over time onto a platform that SimGrid has loaded: traces, and the traffic of others.
#pragma once

#include "sim/timing/simgrid_platform.hpp"

namespace msfusion {

/// Takes the share of others off the bandwidth of links that state one. Before anybody asks for bandwidths.
void apply_background(SimGridPlatform& platform, const PlatformFile& file);

/// Speeds, lines and presence of the devices. Throws UserError where a trace and the platform say the same thing.
void apply_traces(SimGridPlatform& platform, const PlatformFile& file, const TimingOptions& options);

}  // namespace msfusion
