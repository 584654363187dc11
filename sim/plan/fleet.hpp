// What methods may know of the devices that train together.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/ids.hpp"

namespace msfusion {

/// A host of the platform file. Optional figures are those that the file need not state; whoever needs one that is
/// missing says so (host, property) instead of assuming.
struct Device {
  std::string name;
  std::string kind;                          ///< property "kind", e.g. "phone"; the name without its number otherwise
  double speed_flops = 0;                    ///< FLOP/s of one core
  std::optional<double> memory_bytes;        ///< property "memory"
  std::optional<double> memory_bandwidth;    ///< bytes/s, property "memory_bandwidth"; none: compute time is FLOPs / speed
  double step_overhead_seconds = 0;          ///< per optimiser step, property "step_overhead"
  std::optional<double> price_usd_per_hour;  ///< property "price"
  std::optional<double> price_usd_per_gb;    ///< per GB sent, property "traffic_price"
  std::optional<double> battery_joules;      ///< property "battery": what it may consume before it leaves
  std::optional<double> grams_co2_per_kwh;   ///< property "carbon": of the electricity of its region
  std::optional<double> split;               ///< property "split": the rate that split="device" takes
  bool has_power = false;                    ///< "wattage_per_state" is given, so joules are known
};

/// The devices 0 .. N-1, then the server (host with property role="server") as node N if there is one.
struct Fleet {
  std::vector<Device> devices;
  std::optional<Device> server;
  int size() const { return static_cast<int>(devices.size()); }
  NodeId server_node() const { return size(); }
  const Device& node(NodeId id) const { return id < size() ? devices[static_cast<std::size_t>(id)] : server.value(); }
};

}  // namespace msfusion
