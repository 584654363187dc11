// What a scenario says about time on top of a platform: recorded devices, lines, carbon and prices of electricity.
#pragma once

#include <memory>
#include <optional>

#include "sim/platform/device_traces.hpp"
#include "sim/platform/platform_options.hpp"
#include "sim/platform/step_series.hpp"

namespace msfusion {

/// Read once and shared by all runs.
struct Traces {
  std::optional<DeviceTraces> devices;
  bool pauses = false;                  ///< a device that is away goes on with its work when it is back
  std::optional<StepSeries> bandwidth;  ///< of every device's own line, bit/s
  std::optional<StepSeries> carbon;     ///< g/kWh
  std::optional<StepSeries> tariff;     ///< USD/kWh
};

/// Null where the scenario names none. Throws UserError.
std::shared_ptr<const Traces> read_traces(const PlatformOptions& options);

}  // namespace msfusion
