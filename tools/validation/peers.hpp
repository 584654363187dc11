// The real peers of a plan: separate processes that are started together and carry out round after round.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/deploy/node_executor.hpp"
#include "sim/deploy/shaped_network.hpp"
#include "tools/validation/child.hpp"

namespace msfusion {

struct MeasuredRound {
  double start_seconds = 0;     ///< when the peers were told to begin, on the monotonic clock
  std::vector<RoundLog> nodes;  ///< by node
};

class Peers {
 public:
  /// Starts a process for every node of the configuration and waits until all are connected. With a network each is in
  /// its node's namespace, with cores (one for every node) each is pinned to its own. Throws RunError.
  Peers(const std::string& config_file, int nodes, const std::string& folder, const ShapedNetwork* network,
        const std::vector<int>& cores);

  MeasuredRound round();

  /// Waits for their ends; every node's last parameters.
  std::vector<std::vector<float>> finish();

 private:
  std::string result_file(std::size_t node) const;

  std::string folder_;
  std::vector<std::unique_ptr<Child>> peers_;
};

}  // namespace msfusion
