#include "sim/timing/link_refresh.hpp"

namespace msfusion {

void LinkRefresh::time_advanced(double now_seconds) {
  constexpr double kSameInstant = 2e-9;  // twice the precision that the engine is configured with
  while (!waking_.empty() && waking_.top().date_seconds <= now_seconds + kSameInstant) {
    refresh(*waking_.top().route);
    waking_.pop();
  }
}

void LinkRefresh::refresh(const RouteInfo& route) {
  // The first link is the one that SimGrid never misses.
  for (std::size_t i = 1; i < route.links.size(); ++i) {
    simgrid::s4u::Link* link = routes_.link(route.links[i]);
    if (link->get_sharing_policy() != simgrid::s4u::Link::SharingPolicy::WIFI)
      link->set_bandwidth(link->get_bandwidth());
  }
}

}  // namespace msfusion
