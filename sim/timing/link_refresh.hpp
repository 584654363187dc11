// Makes SimGrid share links rightly among flows that start at the same instant.
#pragma once

#include <queue>
#include <vector>

#include "sim/timing/routes.hpp"

namespace msfusion {

/// SimGrid 3.32 recomputes only the links that a change touches (lazy updates), and misses some: when two flows whose
/// routes begin with the same link get going in one instant, the other links of the second flow keep their old shares.
/// Such a link then carries more than its bandwidth. Setting a link's bandwidth to what it is already makes SimGrid
/// look at the link again; that is done here for the links of every flow when it gets going. For models without
/// weight-S only (CM02): in the others this would also start flows before their latency is over.
class LinkRefresh {
 public:
  explicit LinkRefresh(RouteTable& routes) : routes_(routes) {}

  /// A flow started now pays its latency first and gets going then.
  void flow_started(const RouteInfo& route, double now_seconds) {
    waking_.push({now_seconds + route.latency_seconds, &route});
  }

  /// Before the routes that flows were started on are no longer valid; none of the flows is under way.
  void forget_routes() { waking_ = {}; }

  /// To be called whenever time has advanced, before anything else happens.
  void time_advanced(double now_seconds);

 private:
  struct Waking {
    double date_seconds;
    const RouteInfo* route;
    friend bool operator<(const Waking& a, const Waking& b) { return a.date_seconds > b.date_seconds; }
  };

  void refresh(const RouteInfo& route);

  RouteTable& routes_;
  std::priority_queue<Waking> waking_;
};

}  // namespace msfusion
