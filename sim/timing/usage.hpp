// What nodes and links use between two moments: busy time, bytes, joules.
#pragma once

#include <vector>

#include "sim/plan/timed_round.hpp"
#include "sim/platform/platform_file.hpp"
#include "sim/timing/routes.hpp"
#include "sim/timing/simgrid_platform.hpp"

namespace msfusion {

/// Hosts' joules are SimGrid's (its energy plugin). Links' joules follow the same model, idle + (busy - idle) x load,
/// but are counted here from the bytes carried: the plugin applies the load at a flow's end to all of its time, its
/// latency included, which is wrong by 10 % for a flow of ten latencies.
class UsageMeter {
 public:
  /// `traces`: null, or outlives the meter.
  UsageMeter(const SimGridPlatform& platform, const PlatformFile& file, const RouteTable& routes, const Traces* traces);

  /// Whether carbon intensity or price change over time, and when next after `seconds`.
  bool has_series() const { return traces_ && (traces_->carbon || traces_->tariff); }
  double next_change(double seconds) const;
  /// Charges what was used since the last call at the figures that held. To be called at every change.
  void charge(double now_seconds);

  /// Starts counting from zero.
  void begin(double now_seconds);

  void compute_started(NodeId node, double now_seconds);
  void compute_ended(NodeId node, double now_seconds);
  void transfer_started(NodeId from, NodeId to, double now_seconds);
  void transfer_ended(NodeId from, NodeId to, double now_seconds);
  void node_switched(NodeId node, bool on, double now_seconds);
  void carried(NodeId from, const RouteInfo& route, double bytes);  ///< the bytes left `from` and crossed the links
  /// The same bytes with their frames, on a platform with framing.
  void carried_on_wire(NodeId from, const RouteInfo& route, double bytes);
  void received(NodeId to, double bytes) { nodes_[static_cast<std::size_t>(to)].bytes_received += bytes; }
  /// The link carries that times its rate; its joules follow.
  void set_drawn_rate(int link, double factor) { links_[static_cast<std::size_t>(link)].drawn_rate = factor; }
  void link_switched(int link, bool on, double now_seconds);

  /// Fills in nodes and links of what happened since begin().
  void report(double now_seconds, TimedRound& round);

 private:
  /// What a node does now, and since when.
  struct NodeState {
    int computing = 0, sending = 0, receiving = 0;  ///< steps
    bool is_off = false;
    double since = 0, busy_since = 0, off_since = 0;
    bool is_idle() const { return computing == 0 && sending == 0 && receiving == 0; }
  };
  struct LinkState {
    bool has_power = false;
    LinkPower power;
    double bandwidth = 0;   ///< that the busy power belongs to
    double drawn_rate = 1;  ///< that this bandwidth is multiplied with
    double joules_charged = 0;
    double bytes = 0;
    double wire_bytes = 0;
    double off_seconds = 0;
    double off_since = -1;  ///< negative: on
    bool used = false;
  };

  void close_span(NodeId node, double now_seconds);
  double link_joules(const LinkState& link, double now_seconds) const;  ///< since begin()
  void add(Charged& charged, double joules, double from_seconds) const;

  LinkState& used_link(int link);

  const SimGridPlatform& platform_;
  const RouteTable& routes_;
  const Traces* traces_;
  bool is_framed_ = false;
  double charged_until_ = 0;
  std::vector<double> joules_charged_;  ///< per node, of SimGrid's count
  std::vector<Charged> link_charged_;
  double begin_seconds_ = 0;
  std::vector<NodeUse> nodes_;
  std::vector<NodeState> states_;      ///< per node
  std::vector<double> joules_before_;  ///< per node, at begin()
  std::vector<LinkState> links_;
  std::vector<int> used_links_;
};

}  // namespace msfusion
