// How a platform's links hang together, found from the routes between its nodes: whose own a link is, and what meets
// what where links are shared.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "sim/base/ids.hpp"

namespace msfusion {

/// The links on the way from one node to another, in the order they are crossed; none where there is no way.
using RouteOf = std::function<std::optional<std::vector<int>>(NodeId from, NodeId to)>;

struct NetworkMap {
  struct Link {
    /// Every route over the link begins or ends at this node, and all that it sends, or all that it receives, crosses
    /// it. None: the link is shared, or lies between two of many nodes.
    std::optional<NodeId> owner;
    int nodes = 0;  ///< how many have a route that crosses the link
  };
  /// Two neighbours on a route whose nodes' own links are left out. `device` is -1 between two shared links; `link` is
  /// -1 for the middle of the network, where nodes meet that share nothing on their way to each other.
  struct Joint {
    NodeId device = -1;
    int link = -1, next_link = -1;
  };
  std::vector<Link> links;
  std::vector<Joint> joints;  ///< each once
};

/// Of `nodes` nodes the first `devices` are devices; the rest, if any, are servers. Asks for every pair of up to 100
/// nodes; of more, each node with a hundred others spread over the fleet, and with every server.
NetworkMap map_network(int devices, int nodes, int links, const RouteOf& route);

}  // namespace msfusion
