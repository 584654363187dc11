// The links of a platform, and which of them lie between two nodes.
#pragma once

#include <cstdint>
#include <simgrid/s4u.hpp>
#include <unordered_map>
#include <vector>

#include "sim/base/ids.hpp"
#include "sim/timing/timing.hpp"

namespace msfusion {

class RouteTable {
 public:
  /// `hosts` by NodeId; must outlive the table.
  RouteTable(const simgrid::s4u::Engine& engine, const std::vector<simgrid::s4u::Host*>& hosts);

  const std::vector<LinkInfo>& links() const { return infos_; }
  simgrid::s4u::Link* link(int index) const { return links_[static_cast<std::size_t>(index)]; }
  int index_of(const simgrid::s4u::Link& link) const { return indices_.at(&link); }

  /// Asked from SimGrid once per pair and kept; the reference stays valid. Throws RunError if there is no route.
  const RouteInfo& between(NodeId from, NodeId to);

  /// After links' latencies have changed. References into the table are no longer valid.
  void forget_routes() { routes_.clear(); }

 private:
  const std::vector<simgrid::s4u::Host*>& hosts_;
  std::vector<simgrid::s4u::Link*> links_;
  std::vector<LinkInfo> infos_;
  std::unordered_map<const simgrid::s4u::Link*, int> indices_;
  std::unordered_map<std::uint64_t, RouteInfo> routes_;
};

}  // namespace msfusion
