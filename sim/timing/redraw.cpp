// The platform's own figures replaced by those of a drawn fleet.
#include "sim/timing/redraw.hpp"

#include <cassert>

#include "sim/timing/timing_impl.hpp"

namespace msfusion {

namespace s4u = simgrid::s4u;

namespace {

/// The id in the platform file of a link, which may be the half of one.
std::string id_of(const PlatformFile& file, const std::string& link) {
  for (const char* suffix : {"_UP", "_DOWN"}) {
    const std::string ending = suffix;
    if (link.size() <= ending.size() || link.compare(link.size() - ending.size(), ending.size(), ending) != 0) continue;
    std::string id = link.substr(0, link.size() - ending.size());
    if (file.uncertainties.count(id) > 0 || file.profiled_links.count(id) > 0) return id;
  }
  return link;
}

std::optional<double> uncertainty_of_link(const PlatformFile& file, const std::string& link) {
  const std::string id = id_of(file, link);
  if (file.profiled_links.count(id) > 0) return {};
  const auto own = file.uncertainties.find(id);
  return own == file.uncertainties.end() ? file.network_uncertainty : std::optional(own->second);
}

}  // namespace

Uncertainty uncertainty_of(const SimGridPlatform& platform, const PlatformFile& file, const RouteTable& routes) {
  Uncertainty uncertainty;
  for (const s4u::Host* host : platform.hosts) {
    const char* text = host->get_property("uncertainty");
    uncertainty.nodes.push_back(text ? parse_uncertainty(text) : std::nullopt);
    const char* by_layer = host->get_property("layer_uncertainty");
    uncertainty.layers.push_back(by_layer ? parse_layer_uncertainty(by_layer).value()
                                          : std::map<std::string, double>());
    const char* variation = host->get_property("speed_variation");
    uncertainty.variations.push_back(variation ? parse_uncertainty(variation) : std::nullopt);
    uncertainty.node_names.push_back(host->get_name());
  }
  for (const LinkInfo& link : routes.links()) {
    uncertainty.links.push_back(uncertainty_of_link(file, link.name));
    uncertainty.link_names.push_back(link.name);
  }
  return uncertainty;
}

void Timing::Impl::redraw(const DrawnFleet& fleet) {
  assert(flights_.empty());
  drawn_work_ = fleet.work;
  drawn_variations_ = fleet.variations;
  if (series_rates_.empty()) series_rates_.assign(platform_.link_series.size(), 1);
  for (std::size_t i = 0; i < fleet.rates.size(); ++i) {
    if (!uncertainty_.links[i]) continue;
    const int index = static_cast<int>(i);
    const LinkInfo& info = routes_.links()[i];
    s4u::Link* link = routes_.link(index);
    bool changes = false;
    for (std::size_t s = 0; s < platform_.link_series.size(); ++s) {
      if (platform_.link_series[s].link != link) continue;
      changes = true;
      link->set_bandwidth(link->get_bandwidth() / series_rates_[s] * fleet.rates[i]);
      series_rates_[s] = fleet.rates[i];
    }
    if (!changes) link->set_bandwidth(info.bandwidth_bytes_per_second * fleet.rates[i]);
    link->set_latency(info.latency_seconds * fleet.latencies[i]);
    usage_.set_drawn_rate(index, fleet.rates[i]);
  }
  refresh_.forget_routes();
  routes_.forget_routes();
}

bool Timing::Impl::is_timeless() const {
  return !file_.has_profiles && file_.states.empty() && platform_.link_series.empty() && !options_.traces &&
         options_.message_loss <= 0;
}

}  // namespace msfusion
