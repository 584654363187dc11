#include "sim/plan/network_map.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <tuple>
#include <utility>

namespace msfusion {

namespace {

constexpr int kAllPairsUpTo = 100;

std::vector<std::pair<NodeId, NodeId>> pairs_to_ask(int devices, int nodes) {
  std::set<std::pair<NodeId, NodeId>> pairs;
  const int partners = std::min(nodes - 1, kAllPairsUpTo);
  for (NodeId node = 0; node < nodes; ++node) {
    const auto add = [&](NodeId other) {
      if (other == node) return;
      pairs.emplace(node, other);
      pairs.emplace(other, node);
    };
    for (int i = 0; i < partners; ++i) add((node + 1 + i * (nodes - 1) / partners) % nodes);
    for (NodeId server = devices; server < nodes; ++server) add(server);
  }
  return {pairs.begin(), pairs.end()};
}

/// What is known of a link after some routes: its ends so far, as long as all routes share them.
struct Candidates {
  struct End {
    NodeId node = -1;
    int sends = 0, receives = 0;  ///< routes over the link that begin, or end, at the node
  };
  std::array<End, 2> ends;
  bool is_used = false;
  std::set<NodeId> nodes;

  void cross(NodeId from, NodeId to, bool near_start) {
    if (!is_used) {
      ends[0].node = near_start ? from : to;
      ends[1].node = near_start ? to : from;
      is_used = true;
    }
    for (End& end : ends) {
      if (end.node == from) {
        ++end.sends;
      } else if (end.node == to) {
        ++end.receives;
      } else {
        end.node = -1;
      }
    }
    nodes.insert(from);
    nodes.insert(to);
  }
};

}  // namespace

NetworkMap map_network(int devices, int nodes, int links, const RouteOf& route) {
  struct Route {
    NodeId from, to;
    std::vector<int> links;
  };
  std::vector<Route> routes;
  std::vector<Candidates> candidates(static_cast<std::size_t>(links));
  std::vector<int> sends(static_cast<std::size_t>(nodes)), receives(static_cast<std::size_t>(nodes));
  for (const auto& [from, to] : pairs_to_ask(devices, nodes)) {
    auto crossed = route(from, to);
    if (!crossed) continue;
    ++sends[static_cast<std::size_t>(from)];
    ++receives[static_cast<std::size_t>(to)];
    for (std::size_t i = 0; i < crossed->size(); ++i)
      candidates[static_cast<std::size_t>((*crossed)[i])].cross(from, to, 2 * i < crossed->size());
    routes.push_back({from, to, std::move(*crossed)});
  }

  NetworkMap map;
  for (const Candidates& link : candidates) {
    NetworkMap::Link found;
    found.nodes = static_cast<int>(link.nodes.size());
    for (const Candidates::End& end : link.ends) {
      if (found.owner || end.node < 0) continue;
      const auto node = static_cast<std::size_t>(end.node);
      if ((end.sends > 0 && end.sends == sends[node]) || (end.receives > 0 && end.receives == receives[node]))
        found.owner = end.node;
    }
    map.links.push_back(found);
  }

  std::set<std::tuple<NodeId, int, int>> joints;
  for (const Route& way : routes) {
    std::vector<int> shared;
    for (const int link : way.links)
      if (!map.links[static_cast<std::size_t>(link)].owner) shared.push_back(link);
    joints.emplace(way.from, shared.empty() ? -1 : shared.front(), -1);
    joints.emplace(way.to, shared.empty() ? -1 : shared.back(), -1);
    for (std::size_t i = 1; i < shared.size(); ++i)
      joints.emplace(-1, std::min(shared[i - 1], shared[i]), std::max(shared[i - 1], shared[i]));
  }
  // Where a node reaches another one over nothing shared, its own links end in the middle, and so does every shared
  // link that it meets.
  std::set<NodeId> central;
  std::set<int> meets_middle;
  for (const auto& [device, link, next] : joints)
    if (device >= 0 && link < 0) central.insert(device);
  for (const auto& [device, link, next] : joints)
    if (device >= 0 && link >= 0 && central.count(device)) meets_middle.insert(link);
  for (const auto& [device, link, next] : joints) {
    const bool over_the_middle =
        device < 0 ? meets_middle.count(link) && meets_middle.count(next) : link >= 0 && central.count(device);
    if (!over_the_middle) map.joints.push_back({device, link, next});
  }
  for (const int link : meets_middle) map.joints.push_back({-1, -1, link});
  return map;
}

}  // namespace msfusion
