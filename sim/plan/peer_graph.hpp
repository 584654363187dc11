// Peer graphs: which devices exchange messages when they train without a server.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/choice.hpp"
#include "sim/base/ids.hpp"

namespace msfusion {

enum class PeerGraph { complete, ring, regular, erdos_renyi, small_world, geometric, file };

/// A kind of peer graph, and which of the options below it asks for.
struct PeerGraphRow : Choice<PeerGraph> {
  bool uses_degree, uses_probability;
  bool has_positions;  ///< its nodes lie in the unit square, as far apart as `radius` allows
  bool reads_file;
  bool joins_all;  ///< every device is a neighbour of every other one
};

// clang-format off
inline constexpr std::array<PeerGraphRow, 7> kPeerGraphs{{
    // value, name, meaning; then: degree, probability, positions, file, joins all
    {{PeerGraph::complete, "complete", "every device exchanges with every other one"},
     false, false, false, false, true},
    {{PeerGraph::ring, "ring", "every device has two neighbours"},
     false, false, false, false, false},
    {{PeerGraph::regular, "regular", "random, every device with the same number of neighbours"},
     true,  false, false, false, false},
    {{PeerGraph::erdos_renyi, "erdos-renyi", "random, every pair joined with the same probability"},
     false, true,  false, false, false},
    {{PeerGraph::small_world, "small-world", "near neighbours on a ring, some edges rewired at random (Watts and Strogatz)"},
     true,  true,  false, false, false},
    {{PeerGraph::geometric, "geometric", "random places in the unit square, joined within a radius"},
     false, false, true,  false, false},
    {{PeerGraph::file, "file", "read from a GraphML file"},
     false, false, false, true,  false},
}};
// clang-format on

/// How a peer graph is made.
struct PeerGraphOptions {
  PeerGraph kind = PeerGraph::complete;
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
