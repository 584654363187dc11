// Kinds of devices and links, regions, and what TCP makes of links, with figures and their sources, read from
// platforms/catalogue.xml and the files of msfusion calibrate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/plan/framing.hpp"
#include "sim/plan/roofline.hpp"

namespace msfusion {

struct DeviceKind : Roofline {
  std::string name;
  double speed_flops = 0;  ///< sustained in training
  double memory_bytes = 0;
  double memory_bandwidth = 0;  ///< bytes/s
  std::optional<double> idle_watts, busy_watts;
  std::optional<double> price_usd_per_hour, traffic_usd_per_gb;
  std::optional<double> battery_joules;
  std::string calibration;                  ///< how the figures were measured; empty: they were not
  std::optional<double> uncertainty{};      ///< of computing times: standard deviation of their logarithm
  std::optional<double> speed_variation{};  ///< of the speed's mean over a second: standard deviation of its logarithm
  std::string layer_uncertainty{};          ///< of that, by kind of layer, as the platform's property; empty: none
};

/// What the devices of one access point share, both directions together.
struct Cell {
  int devices = 0;
  double bytes_per_second = 0;
};

struct LinkKind {
  std::string name;
  double down_bytes_per_second = 0, up_bytes_per_second = 0;
  double latency_seconds = 0;  ///< one way
  std::optional<Cell> cell;
  std::optional<double> uncertainty;  ///< of rates and latencies: standard deviation of their logarithm
};

struct Region {
  std::string name;
  double grams_co2_per_kwh = 0;
};

/// What TCP makes of links, as msfusion calibrate measured it: a message of n bytes takes the latency of its way, this
/// one's, and (n / bandwidth_factor + message_bytes) / rate.
struct NetworkKind {
  double bandwidth_factor = 1;  ///< payload per byte of a link's rate
  double message_latency_seconds = 0;
  double message_bytes = 0;
  std::string calibration;              ///< how the figures were measured, and their error
  std::optional<double> uncertainty{};  ///< of links that state none

  std::optional<Framing> framing{};  ///< the clock counts frames, and the factor and the bytes above are none

  double payload_rate(double bytes_per_second) const { return bytes_per_second * bandwidth_factor; }
  /// What one of the two links of a way adds to its latency.
  double link_latency_seconds(double bytes_per_second) const {
    return (message_latency_seconds + message_bytes / bytes_per_second) / 2;
  }
};

struct Catalogue {
  std::vector<DeviceKind> devices;
  std::vector<LinkKind> links;
  std::vector<Region> regions;
  std::optional<NetworkKind> network;  ///< none: rates and latencies of links are taken as they stand
};

/// Throws UserError with every mistake: a figure that is missing or wrong, or that no <source> stands for.
Catalogue read_catalogue(const std::string& file);

}  // namespace msfusion
