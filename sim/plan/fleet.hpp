// What methods may know of the devices that train together.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/ids.hpp"
#include "sim/plan/roofline.hpp"

namespace msfusion {

/// The route between two nodes, as a message that is alone on it finds it.
struct Route {
  double latency_seconds = 0;
  double bandwidth_bytes_per_second = 0;
  double seconds(double bytes) const { return latency_seconds + bytes / bandwidth_bytes_per_second; }
};

/// A host of the platform file. Optional figures are those that the file need not state; whoever needs one that is
/// missing says so (host, property) instead of assuming.
struct Device : Roofline {
  std::string name;
  std::string kind;                    ///< property "kind", e.g. "phone"; the name without its number otherwise
  double speed_flops = 0;              ///< FLOP/s of one core
  std::optional<double> memory_bytes;  ///< property "memory"
  std::optional<double>
      memory_bandwidth;  ///< bytes/s, property "memory_bandwidth"; none: compute time is FLOPs / speed
  std::optional<double> price_usd_per_hour;     ///< property "price"
  std::optional<double> price_usd_per_gb;       ///< per GB sent, property "traffic_price"
  std::optional<double> battery_joules;         ///< property "battery": what it may consume before it leaves
  std::optional<double> grams_co2_per_kwh;      ///< property "carbon": of the electricity of its region
  std::optional<double> split;                  ///< property "split": the rate that split="device" takes
  std::optional<Route> from_server, to_server;  ///< where there is a server
  bool has_power = false;                       ///< "wattage_per_state" is given, so joules are known
  std::optional<double> training_watts;         ///< with one core at work, from "wattage_per_state"
  std::optional<NodeId> aggregator;             ///< property "aggregator": the edge aggregator that serves it
  std::string calibration;  ///< property "calibration": how the figures were measured; empty: they were not
};

/// The devices 0 .. N-1, then the server (host with property role="server") as node N if there is one, then the edge
/// aggregators (role="aggregator"), which only fleets with a server have.
struct Fleet {
  std::vector<Device> devices;
  std::optional<Device> server;
  std::vector<Device> aggregators;
  std::string network_calibration;  ///< how the links' figures were measured; empty: they were not
  int size() const { return static_cast<int>(devices.size()); }
  NodeId server_node() const { return size(); }
  int nodes() const { return size() + (server ? 1 : 0) + static_cast<int>(aggregators.size()); }
  bool is_device(NodeId id) const { return id < size(); }
  const Device& node(NodeId id) const {
    if (id < size()) return devices[static_cast<std::size_t>(id)];
    return id == server_node() ? server.value() : aggregators.at(static_cast<std::size_t>(id - size() - 1));
  }
};

}  // namespace msfusion
