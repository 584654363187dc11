// What a loaded platform says of how far its figures may be off.
#pragma once

#include "sim/timing/routes.hpp"
#include "sim/timing/simgrid_platform.hpp"
#include "sim/timing/uncertainty.hpp"

namespace msfusion {

Uncertainty uncertainty_of(const SimGridPlatform& platform, const PlatformFile& file, const RouteTable& routes);

}  // namespace msfusion
