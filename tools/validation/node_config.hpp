// The configuration of a validation's peers: scenario, plans, and each node's address and share of a core.
#pragma once

#include <string>
#include <vector>

#include "sim/deploy/mesh.hpp"

namespace msfusion {

struct NodeConfig {
  Address address;
  double cpu_share = 1;
  std::string core_file;              ///< see NodeOptions
  std::vector<double> delay_seconds;  ///< to every node
};

struct PeerConfig {
  std::string scenario_file;  ///< with one method and one seed
  std::string plans_file;
  std::vector<NodeConfig> nodes;  ///< the devices, then the server if there is one
};

void write_peer_config(const std::string& file, const PeerConfig& config);
PeerConfig read_peer_config(const std::string& file);  ///< throws RunError

/// Four-byte floats one after the other, as peers leave their parameters. Throws RunError.
void write_floats(const std::string& file, const std::vector<float>& values);
std::vector<float> read_floats(const std::string& file);

}  // namespace msfusion
