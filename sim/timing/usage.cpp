#include "sim/timing/usage.hpp"

#include <simgrid/plugins/energy.h>

#include <algorithm>
#include <limits>

namespace msfusion {

namespace {

const LinkPower* find_power(const PlatformFile& file, const std::string& link) {
  for (const char* suffix : {"", "_UP", "_DOWN"}) {
    const std::string ending = suffix;
    if (link.size() < ending.size() || link.compare(link.size() - ending.size(), ending.size(), ending) != 0) continue;
    const auto found = file.link_powers.find(link.substr(0, link.size() - ending.size()));
    if (found != file.link_powers.end()) return &found->second;
  }
  return nullptr;
}

// The constant share of others, which is off the link's bandwidth already.
double background_share(const PlatformFile& file, const std::string& link) {
  for (const char* suffix : {"", "_UP", "_DOWN"}) {
    const std::string ending = suffix;
    if (link.size() < ending.size() || link.compare(link.size() - ending.size(), ending.size(), ending) != 0) continue;
    const auto found = file.backgrounds.find(link.substr(0, link.size() - ending.size()));
    if (found != file.backgrounds.end()) return found->second.share;
  }
  return 0;
}

}  // namespace

UsageMeter::UsageMeter(const SimGridPlatform& platform, const PlatformFile& file, const RouteTable& routes,
                       const Traces* traces)
    : platform_(platform),
      routes_(routes),
      traces_(traces),
      is_framed_(file.framing.has_value()),
      joules_charged_(platform.hosts.size()),
      link_charged_(routes.links().size()),
      nodes_(platform.hosts.size()),
      states_(platform.hosts.size()),
      joules_before_(platform.hosts.size()),
      links_(routes.links().size()) {
  for (std::size_t link = 0; link < links_.size(); ++link) {
    if (const LinkPower* power = find_power(file, routes.links()[link].name)) {
      links_[link].has_power = true;
      links_[link].power = *power;
      links_[link].bandwidth =
          routes.links()[link].bandwidth_bytes_per_second / (1 - background_share(file, routes.links()[link].name));
    }
  }
  begin(0);
}

void UsageMeter::begin(double now_seconds) {
  begin_seconds_ = now_seconds;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    nodes_[node] = {};
    nodes_[node].node = static_cast<NodeId>(node);
    if (is_framed_) nodes_[node].wire_bytes_sent = 0;
    states_[node].since = states_[node].busy_since = states_[node].off_since = now_seconds;
  }
  for (const int link : used_links_) {
    links_[static_cast<std::size_t>(link)].bytes = 0;
    links_[static_cast<std::size_t>(link)].wire_bytes = 0;
    links_[static_cast<std::size_t>(link)].used = false;
  }
  used_links_.clear();
  charged_until_ = now_seconds;
  std::fill(link_charged_.begin(), link_charged_.end(), Charged{});
  for (LinkState& link : links_) {
    link.joules_charged = 0;
    link.off_seconds = 0;
    if (link.off_since >= 0) link.off_since = now_seconds;
  }
}

double UsageMeter::next_change(double seconds) const {
  double next = std::numeric_limits<double>::infinity();
  for (const auto* series : {&traces_->carbon, &traces_->tariff})
    if (*series) next = std::min(next, (*series)->next_change(seconds));
  return next;
}

/// The figures that held from `from_seconds` on hold until now.
void UsageMeter::add(Charged& charged, double joules, double from_seconds) const {
  constexpr double kJoulesPerKwh = 3.6e6;
  const auto of = [&](const std::optional<StepSeries>& series, std::optional<double>& sum) {
    if (series) sum = sum.value_or(0) + joules / kJoulesPerKwh * series->at(from_seconds);
  };
  of(traces_->carbon, charged.grams_co2);
  of(traces_->tariff, charged.usd);
}

void UsageMeter::charge(double now_seconds) {
  if (!has_series()) return;
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    double joules = std::numeric_limits<double>::quiet_NaN();
    if (platform_.fleet.node(static_cast<NodeId>(node)).has_power) {
      const double counted = sg_host_get_consumed_energy(platform_.hosts[node]);
      joules = counted - joules_charged_[node];
      joules_charged_[node] = counted;
    }
    add(nodes_[node].charged, joules, charged_until_);
  }
  for (std::size_t link = 0; link < links_.size(); ++link) {
    if (!links_[link].has_power) continue;
    const double joules = link_joules(links_[link], now_seconds);
    add(link_charged_[link], joules - links_[link].joules_charged, charged_until_);
    links_[link].joules_charged = joules;
  }
  charged_until_ = now_seconds;
}

double UsageMeter::link_joules(const LinkState& link, double now_seconds) const {
  double on_seconds = now_seconds - begin_seconds_ - link.off_seconds;
  if (link.off_since >= 0) on_seconds -= now_seconds - link.off_since;
  return link.power.idle_watts * on_seconds + (link.power.busy_watts - link.power.idle_watts) *
                                                  (is_framed_ ? link.wire_bytes : link.bytes) /
                                                  (link.bandwidth * link.drawn_rate);
}

/// Notes what the node did until now; called before that changes.
void UsageMeter::close_span(NodeId node, double now_seconds) {
  NodeState& state = states_[static_cast<std::size_t>(node)];
  const double start = state.since;
  state.since = now_seconds;
  if (state.is_idle() || !(now_seconds > start)) return;
  auto& spans = nodes_[static_cast<std::size_t>(node)].spans;
  const ActivitySpan span{start, now_seconds, state.computing > 0, state.sending > 0, state.receiving > 0};
  const bool goes_on = !spans.empty() && spans.back().end_seconds == start && spans.back().computes == span.computes &&
                       spans.back().sends == span.sends && spans.back().receives == span.receives;
  if (goes_on) {
    spans.back().end_seconds = now_seconds;
  } else {
    spans.push_back(span);
  }
}

void UsageMeter::compute_started(NodeId node, double now_seconds) {
  close_span(node, now_seconds);
  NodeState& state = states_[static_cast<std::size_t>(node)];
  if (state.computing++ == 0) state.busy_since = now_seconds;
}

void UsageMeter::compute_ended(NodeId node, double now_seconds) {
  close_span(node, now_seconds);
  NodeState& state = states_[static_cast<std::size_t>(node)];
  if (--state.computing == 0) nodes_[static_cast<std::size_t>(node)].busy_seconds += now_seconds - state.busy_since;
}

void UsageMeter::transfer_started(NodeId from, NodeId to, double now_seconds) {
  close_span(from, now_seconds);
  close_span(to, now_seconds);
  ++states_[static_cast<std::size_t>(from)].sending;
  ++states_[static_cast<std::size_t>(to)].receiving;
}

void UsageMeter::transfer_ended(NodeId from, NodeId to, double now_seconds) {
  close_span(from, now_seconds);
  close_span(to, now_seconds);
  --states_[static_cast<std::size_t>(from)].sending;
  --states_[static_cast<std::size_t>(to)].receiving;
}

void UsageMeter::node_switched(NodeId node, bool on, double now_seconds) {
  NodeState& state = states_[static_cast<std::size_t>(node)];
  if (state.is_off == !on) return;
  if (on) nodes_[static_cast<std::size_t>(node)].off_seconds += now_seconds - state.off_since;
  state.is_off = !on;
  state.off_since = now_seconds;
}

void UsageMeter::carried(NodeId from, const RouteInfo& route, double bytes) {
  nodes_[static_cast<std::size_t>(from)].bytes_sent += bytes;
  for (const int link : route.links) used_link(link).bytes += bytes;
}

void UsageMeter::carried_on_wire(NodeId from, const RouteInfo& route, double bytes) {
  nodes_[static_cast<std::size_t>(from)].wire_bytes_sent.value() += bytes;
  for (const int link : route.links) used_link(link).wire_bytes += bytes;
}

UsageMeter::LinkState& UsageMeter::used_link(int link) {
  LinkState& state = links_[static_cast<std::size_t>(link)];
  if (!state.used) used_links_.push_back(link);
  state.used = true;
  return state;
}

void UsageMeter::link_switched(int link, bool on, double now_seconds) {
  LinkState& state = links_[static_cast<std::size_t>(link)];
  if (on && state.off_since >= 0) state.off_seconds += now_seconds - state.off_since;
  state.off_since = on ? -1 : now_seconds;
}

void UsageMeter::report(double now_seconds, TimedRound& round) {
  charge(now_seconds);
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    close_span(static_cast<NodeId>(node), now_seconds);
    if (states_[node].computing > 0) {
      nodes_[node].busy_seconds += now_seconds - states_[node].busy_since;
      states_[node].busy_since = now_seconds;
    }
    if (states_[node].is_off) nodes_[node].off_seconds += now_seconds - states_[node].off_since;
    nodes_[node].joules = std::numeric_limits<double>::quiet_NaN();
    if (platform_.fleet.node(static_cast<NodeId>(node)).has_power) {
      const double joules = sg_host_get_consumed_energy(platform_.hosts[node]);
      nodes_[node].joules = joules - joules_before_[node];
      joules_before_[node] = joules;
    }
  }
  round.nodes = nodes_;
  std::sort(used_links_.begin(), used_links_.end());
  for (const int link : used_links_) {
    const LinkState& state = links_[static_cast<std::size_t>(link)];
    const LinkInfo& info = routes_.links()[static_cast<std::size_t>(link)];
    LinkUse use;
    use.name = info.name;
    use.bytes = state.bytes;
    if (is_framed_) use.wire_bytes = state.wire_bytes;
    use.joules = std::numeric_limits<double>::quiet_NaN();
    if (state.has_power) {
      use.joules = link_joules(state, now_seconds);
      use.charged = link_charged_[static_cast<std::size_t>(link)];
    }
    round.links.push_back(std::move(use));
  }
}

}  // namespace msfusion
