#include "sim/timing/routes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "sim/base/error.hpp"
#include "sim/base/natural_order.hpp"

namespace msfusion {

namespace s4u = simgrid::s4u;

RouteTable::RouteTable(const s4u::Engine& engine, const std::vector<s4u::Host*>& hosts)
    : hosts_(hosts), links_(engine.get_all_links()) {
  std::sort(links_.begin(), links_.end(),
            [](const s4u::Link* a, const s4u::Link* b) { return natural_less(a->get_name(), b->get_name()); });
  infos_.reserve(links_.size());
  for (const s4u::Link* link : links_) {
    indices_.emplace(link, static_cast<int>(infos_.size()));
    infos_.push_back({link->get_name(), link->get_bandwidth(), link->get_latency()});
  }
}

const RouteInfo& RouteTable::between(NodeId from, NodeId to) {
  const std::uint64_t key = (static_cast<std::uint64_t>(from) << 32) | static_cast<std::uint32_t>(to);
  const auto known = routes_.find(key);
  if (known != routes_.end()) return known->second;

  const s4u::Host* source = hosts_[static_cast<std::size_t>(from)];
  const s4u::Host* target = hosts_[static_cast<std::size_t>(to)];
  std::vector<s4u::Link*> crossed;
  RouteInfo route;
  try {
    source->route_to(target, crossed, &route.latency_seconds);
  } catch (const std::invalid_argument&) {
    crossed.clear();
  }
  if (crossed.empty() && !(route.latency_seconds > 0)) {
    throw RunError(fmt::format("the platform has no route from {} to {}", source->get_cname(), target->get_cname()));
  }
  route.bandwidth_bytes_per_second = std::numeric_limits<double>::infinity();
  for (const s4u::Link* link : crossed) {
    const int index = indices_.at(link);
    route.links.push_back(index);
    route.bandwidth_bytes_per_second =
        std::min(route.bandwidth_bytes_per_second, infos_[static_cast<std::size_t>(index)].bandwidth_bytes_per_second);
  }
  return routes_.emplace(key, std::move(route)).first->second;
}

}  // namespace msfusion
