// When recorded devices were there, how fast they computed and what their lines carried.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/ids.hpp"
#include "sim/platform/profile.hpp"

namespace msfusion {

/// A device is on from `on_seconds` until just before `off_seconds`.
struct OnInterval {
  double on_seconds = 0, off_seconds = 0;
};

/// A recorded device. What was not recorded is absent.
struct TraceRow {
  std::optional<double> period_seconds, compute_ms, down_bps, up_bps;
  std::size_t first = 0, count = 0;  ///< its intervals
};

struct DeviceTraces {
  std::vector<TraceRow> rows;
  std::vector<OnInterval> intervals;  ///< of all rows, row after row
  bool has_availability = false;
  std::optional<double> median_compute_ms;  ///< of the rows that have it

  /// The row of a device of the fleet: they follow each other from a row on that the seed draws.
  const TraceRow& row_of(NodeId device, std::uint64_t seed) const;
  std::vector<OnInterval> intervals_of(const TraceRow& row) const;
};

/// Reads "device,period_s,compute_ms,down_bps,up_bps,model" and "device,on_s,off_s" (intervals of a device one after
/// the other, sorted, disjoint, within its period); an empty file name: there is none. A device's intervals repeat
/// after its period, or else after that of the comment "# period_s: 604800" in the file of intervals. Throws UserError.
DeviceTraces read_device_traces(const std::string& devices_file, const std::string& availability_file);

/// The same intervals as a state profile; without events where the device is always on.
Profile state_profile(const std::vector<OnInterval>& intervals, double period_seconds);
std::vector<OnInterval> on_intervals(const Profile& profile);

}  // namespace msfusion
