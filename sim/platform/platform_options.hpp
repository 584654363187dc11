// What a scenario says about the platform and about prices, and the words for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/vocabulary.hpp"

namespace msfusion {

/// platform: the devices and links.
struct PlatformOptions {
  std::string file;  ///< as the program can open it: relative paths are resolved against the scenario's folder
  int line = 0;
  std::string server;  ///< host that is the server; empty: what the file says
  enum class Network { cm02, lv08 } network = Network::cm02;
  std::vector<std::string> simgrid;  ///< SimGrid's own settings, KEY:VALUE
  std::string devices_file, availability_file, bandwidth_file, carbon_file, tariff_file;  ///< traces; empty: none
  enum class Offline { lose, pause } offline = Offline::lose;
  int draws = 200;                   ///< fleets that are drawn from what the platform states of its figures' errors
  int fleet = 0;                     ///< of those drawn, the one that trains, from 1 on; 0: the platform's own figures
  std::optional<int> sends_at_once;  ///< transfers of a device, 0: all; none: see transfers_at_once
};

/// prices: what energy, traffic and emissions cost where the platform does not say.
struct PriceOptions {
  std::optional<double> usd_per_kwh;
  std::optional<double> usd_per_gb;
  enum class Counted { payload, wire } counted = Counted::payload;  ///< what traffic is paid for
  std::optional<double> grams_co2_per_kwh;
};

/// Whether one of SimGrid's settings can change what a step takes: those of its models and their precision.
bool changes_simulated_time(const std::string& setting);

const Vocabulary<PlatformOptions>& platform_vocabulary();
const Vocabulary<PriceOptions>& price_vocabulary();

}  // namespace msfusion
