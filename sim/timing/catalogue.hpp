// Kinds of devices and links, and regions, with figures and their sources, read from platforms/catalogue.xml.
#pragma once

#include <optional>
#include <string>
#include <vector>

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
  std::string calibration;  ///< how the figures were measured; empty: they were not
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
};

struct Region {
  std::string name;
  double grams_co2_per_kwh = 0;
};

struct Catalogue {
  std::vector<DeviceKind> devices;
  std::vector<LinkKind> links;
  std::vector<Region> regions;
};

/// Throws UserError with every mistake: a figure that is missing or wrong, or that no <source> stands for.
Catalogue read_catalogue(const std::string& file);

}  // namespace msfusion
