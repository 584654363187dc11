#include "sim/platform/traces.hpp"

namespace msfusion {

namespace {

constexpr double kFastest = 1e13, kMostGrams = 1e5, kMostUsd = 1e3;

}  // namespace

std::shared_ptr<const Traces> read_traces(const PlatformOptions& options) {
  const auto traces = std::make_shared<Traces>();
  bool is_any = false;
  if (!options.devices_file.empty() || !options.availability_file.empty()) {
    traces->devices = read_device_traces(options.devices_file, options.availability_file);
    traces->pauses = options.offline == PlatformOptions::Offline::pause;
    is_any = true;
  }
  if (!options.bandwidth_file.empty()) {
    constexpr double kSlowest = 1;  // SimGrid divides by it
    traces->bandwidth = read_step_series(options.bandwidth_file, "bps", kSlowest, kFastest);
    is_any = true;
  }
  if (!options.carbon_file.empty()) {
    traces->carbon = read_step_series(options.carbon_file, "g_per_kwh", 0, kMostGrams);
    is_any = true;
  }
  if (!options.tariff_file.empty()) {
    traces->tariff = read_step_series(options.tariff_file, "usd_per_kwh", 0, kMostUsd);
    is_any = true;
  }
  return is_any ? traces : nullptr;
}

}  // namespace msfusion
