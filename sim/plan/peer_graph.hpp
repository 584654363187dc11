// Who exchanges with whom when devices train without a server.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/ids.hpp"

namespace msfusion {

/// How a peer graph is made.
struct PeerGraphOptions {
  enum class Kind { complete, ring, regular, erdos_renyi, small_world, geometric, file };
  Kind kind = Kind::complete;
  int degree = 4;            ///< regular: of every node; small_world: of the ring lattice before rewiring (even)
  double probability = 0.3;  ///< erdos_renyi: of every edge; small_world: that an edge is rewired
  double radius = 0.5;       ///< geometric: neighbours are at most this far apart in the unit square
  std::string file;  ///< file: GraphML, undirected; its nodes are the devices in the order in which they stand there
  int line = 0;      ///< of the scenario, for messages
};

/// An undirected, connected graph without loops or parallel edges.
struct PeerNetwork {
  int nodes = 0;
  std::vector<std::vector<NodeId>> neighbours;       ///< of every node, ascending
  std::vector<std::pair<double, double>> positions;  ///< in the unit square, for drawing
};

/// Throws UserError: an option out of range; a file that is not GraphML, has another number of nodes, directed edges,
/// loops or unknown ends; a graph that is not connected, with the number of its components and what to raise.
PeerNetwork make_peer_graph(const PeerGraphOptions& options, int nodes, std::uint64_t seed);

struct PeerWeight {
  NodeId peer = 0;
  double weight = 0;
};

/// Row i of the mixing matrix without its zeros, i itself included, by ascending peer. Metropolis weights
/// W_ij = 1 / (1 + max(d_i, d_j)), W_ii = 1 - sum of the others: symmetric, every row sums to 1, so that mixing keeps
/// the mean.
std::vector<std::vector<PeerWeight>> metropolis_weights(const PeerNetwork& network);

}  // namespace msfusion
