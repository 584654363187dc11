// The configurations in which real peers are held against the simulator.
#pragma once

#include <string>
#include <vector>

#include "sim/platform/catalogue.hpp"

namespace msfusion {

struct ValidationCase {
  std::string name;
  std::string method;  ///< "msfusion" or "fedavg"
  std::string model;   ///< cnn, mlp, transformer, lstm or depthwise
  int peers = 2;
  double split = 1;  ///< msfusion only
  double peer_bits_per_second = 20e6;
  double server_bits_per_second = 200e6;  ///< fedavg only
  double latency_seconds = 0.005;         ///< of every line
  double cpu_share = 0.4;                 ///< of a core, every peer
  int samples = 320;                      ///< of every peer
  int epochs = 1;
  double control = 1;           ///< msfusion: overlap of the windows, smaller is more
  std::string attributes = {};  ///< more of the method's
  std::string privacy = {};     ///< attributes of <privacy>; none: no such element
  bool has_server() const { return method == "fedavg"; }
};

std::vector<ValidationCase> validation_cases();

/// Writes platform.xml and scenario.xml into the folder, which it makes: the devices are the calibrated one with the
/// case's share of a core, each as many times slower as `slowness` says of its peer. Returns the scenario's file.
std::string write_scenario(const ValidationCase& chosen, const DeviceKind& device, const NetworkKind& network,
                           int rounds, const std::vector<double>& slowness, const std::string& folder);

}  // namespace msfusion
