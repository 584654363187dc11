#include "sim/platform/platform_generator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/random/mersenne_twister.hpp>
#include <boost/random/normal_distribution.hpp>
#include <cmath>
#include <map>
#include <numeric>

#include "sim/base/error.hpp"
#include "sim/base/seed.hpp"
#include "sim/base/spelling.hpp"

namespace msfusion {

namespace {

constexpr int kMostDevices = 1'000'000;
constexpr int kDevicesPerAggregator = 100;  // where neither the mix nor the link's cells say

template <class Kind>
const Kind& find_kind(const std::vector<Kind>& kinds, const std::string& name) {
  std::vector<std::string> names;
  for (const Kind& kind : kinds) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw UserError(Mistake{"", 0, fmt::format("kind \"{}\"", name), one_of(name, names)});
}

/// What the parts' own counts leave is shared by the largest remainder method: together they are `devices`.
std::vector<int> count_devices(const FleetMix& mix) {
  double sum = 0;
  std::int64_t left = mix.devices;
  for (const FleetPart& part : mix.parts) {
    if (part.count) {
      left -= *part.count;
      continue;
    }
    if (!(part.share > 0) || !std::isfinite(part.share)) {
      throw UserError(Mistake{"", 0, fmt::format("a share of {}", part.share), "a number above 0"});
    }
    sum += part.share;
  }
  if (left < 0 || (left > 0 && sum == 0))
    throw UserError(Mistake{"", 0, fmt::format("parts of {} devices in a fleet of {}", mix.devices - left, mix.devices),
                            "counts that add up, or shares for the rest, as in 40%"});
  std::vector<int> counts;
  std::vector<std::pair<double, std::size_t>> remainders;
  int given = 0;
  for (std::size_t i = 0; i < mix.parts.size(); ++i) {
    if (mix.parts[i].count) {
      counts.push_back(*mix.parts[i].count);
      continue;
    }
    const double exact = static_cast<double>(left) * mix.parts[i].share / sum;
    counts.push_back(static_cast<int>(std::floor(exact + 1e-9)));
    remainders.push_back({counts.back() - exact, i});
    given += counts.back();
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; given < left; ++i, ++given) ++counts[remainders[i % remainders.size()].second];
  return counts;
}

void check(const FleetMix& mix) {
  if (mix.devices < 1 || mix.devices > kMostDevices) {
    throw UserError(Mistake{"", 0, fmt::format("{} devices", mix.devices), fmt::format("1 to {}", kMostDevices)});
  }
  if (mix.parts.empty()) throw UserError(Mistake{"", 0, "a fleet of no kind", "at least one kind of device and link"});
  if (mix.devices_per_cell && *mix.devices_per_cell < 0) {
    throw UserError(Mistake{"", 0, fmt::format("{} devices per cell", *mix.devices_per_cell), "0 or more"});
  }
  if (!mix.aggregator.empty() && mix.devices_per_cell == 0) {
    throw UserError(Mistake{"", 0, "an aggregator for cells of 0 devices", "1 device per cell or more"});
  }
  if (!mix.aggregator.empty() && mix.server.empty()) {
    throw UserError(Mistake{"", 0, "aggregators without a server", "a kind of server"});
  }
  if (!(mix.spread >= 0 && mix.spread <= 3)) {
    throw UserError(Mistake{"", 0, fmt::format("a spread of {}", mix.spread), "a number from 0 to 3"});
  }
}

std::string property(const std::string& id, const std::string& value) {
  return fmt::format("<prop id=\"{}\" value=\"{}\"/>", id, value);
}

std::string xml_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

/// Empty where none is stated.
std::string uncertainty_property(const std::optional<double>& uncertainty) {
  return uncertainty ? property("uncertainty", fmt::format("{:.6g}%", 100 * *uncertainty)) : "";
}

std::string properties(const DeviceKind& kind) {
  std::string text = property("kind", kind.name);
  text += property("memory", fmt::format("{:.0f}B", kind.memory_bytes));
  text += property("memory_bandwidth", fmt::format("{}Bps", kind.memory_bandwidth));
  for (const RooflineFigure& figure : roofline_figures()) {
    const double value = kind.*figure.value;
    if (value > 0) text += property(figure.name, fmt::format("{}{}", value, figure.unit()));
  }
  if (!kind.calibration.empty()) text += property("calibration", xml_escaped(kind.calibration));
  if (kind.idle_watts && kind.busy_watts) {
    text += property("wattage_per_state", fmt::format("{}:{}", *kind.idle_watts, *kind.busy_watts));
  }
  if (kind.price_usd_per_hour) text += property("price", fmt::format("{}USD/h", *kind.price_usd_per_hour));
  if (kind.traffic_usd_per_gb) text += property("traffic_price", fmt::format("{}USD/GB", *kind.traffic_usd_per_gb));
  if (kind.battery_joules) text += property("battery", fmt::format("{}J", *kind.battery_joules));
  if (kind.uncertainty) text += uncertainty_property(kind.uncertainty);
  if (kind.speed_variation) text += property("speed_variation", fmt::format("{:.4g}%", 100 * *kind.speed_variation));
  if (!kind.layer_uncertainty.empty()) text += property("layer_uncertainty", kind.layer_uncertainty);
  return text;
}

/// Median 1, standard deviation of the logarithm as asked; a device's factors do not depend on the other devices.
class Spread {
 public:
  Spread(const FleetMix& mix, int device)
      : random_(derive_seed(mix.seed, Purpose::platform, static_cast<std::uint64_t>(device))), normal_(0, mix.spread) {}

  /// Four digits are more than anyone knows of a device, and keep the file readable.
  double draw(double median) { return std::stod(fmt::format("{:.4g}", median * std::exp(normal_(random_)))); }

 private:
  boost::random::mt19937_64 random_;
  boost::random::normal_distribution<double> normal_;
};

/// A <link> up to its end, with the uncertainty of its kind.
std::string end_of_link(const std::optional<double>& uncertainty) {
  return uncertainty ? ">" + uncertainty_property(uncertainty) + "</link>\n" : "/>\n";
}

std::string access_link(const std::string& id, double bytes_per_second, double latency_seconds,
                        const NetworkKind& network, const std::optional<double>& uncertainty) {
  return fmt::format("      <link id=\"{}\" bandwidth=\"{}Bps\" latency=\"{}s\"{}", id,
                     network.payload_rate(bytes_per_second),
                     latency_seconds + network.link_latency_seconds(bytes_per_second), end_of_link(uncertainty));
}

void add_device(std::string& hosts, std::string& links, const std::string& name, const std::string& own_properties,
                const DeviceKind& device, const LinkKind& link, const NetworkKind& network, Spread spread) {
  hosts += fmt::format("      <host id=\"{}\" speed=\"{}f\">{}{}</host>\n", name, spread.draw(device.speed_flops),
                       properties(device), own_properties);
  const double latency = spread.draw(link.latency_seconds);
  links += access_link(name + "-down", spread.draw(link.down_bytes_per_second), latency, network, link.uncertainty);
  links += access_link(name + "-up", spread.draw(link.up_bytes_per_second), latency, network, link.uncertainty);
}

std::string host_link(const std::string& name) {
  return fmt::format("      <host_link id=\"{}\" up=\"{}-up\" down=\"{}-down\"/>\n", name, name, name);
}

/// Devices around a shared access point (`air`, if the link has cells), with the way from there to the core.
std::string cell_zone(const std::string& cell, const LinkKind& link, const NetworkKind& network,
                      const std::string& hosts, const std::string& links, const std::string& host_links) {
  return fmt::format(
      "    <zone id=\"{0}\" routing=\"Cluster\">\n{1}      <router id=\"{0}-router\"/>\n"
      "      <backbone id=\"{0}-air\" bandwidth=\"{2}Bps\" latency=\"0s\"{3}{4}{5}    </zone>\n",
      cell, hosts, network.payload_rate(link.cell->bytes_per_second), end_of_link(link.uncertainty), links, host_links);
}

/// The same with an aggregator at the access point. A Cluster would send what the aggregator passes on through the air
/// once more, so the routes are written out.
std::string edge_zone(const std::string& cell, const LinkKind& link, const DeviceKind& aggregator,
                      const LinkKind& backhaul, const NetworkKind& network, const std::vector<std::string>& names,
                      const std::string& hosts, const std::string& links) {
  std::string zone = fmt::format("    <zone id=\"{}\" routing=\"DijkstraCache\">\n{}", cell, hosts);
  zone += fmt::format("      <host id=\"{}-edge\" speed=\"{}f\">{}{}</host>\n      <router id=\"{}-router\"/>\n", cell,
                      aggregator.speed_flops, property("role", "aggregator"), properties(aggregator), cell);
  zone += links;
  std::string air;
  if (link.cell) {
    zone += fmt::format("      <link id=\"{}-air\" bandwidth=\"{}Bps\" latency=\"0s\"{}", cell,
                        network.payload_rate(link.cell->bytes_per_second), end_of_link(link.uncertainty));
    air = fmt::format("<link_ctn id=\"{}-air\"/>", cell);
  }
  for (const char* way : {"up", "down"})
    zone += access_link(fmt::format("{}-{}", cell, way),
                        way[0] == 'u' ? backhaul.up_bytes_per_second : backhaul.down_bytes_per_second,
                        backhaul.latency_seconds, network, backhaul.uncertainty);
  const auto route = [&](const std::string& from, const std::string& to, const std::string& crossed) {
    zone += fmt::format("      <route src=\"{}\" dst=\"{}\" symmetrical=\"NO\">{}</route>\n", from, to, crossed);
  };
  for (const std::string& name : names) {
    route(name, cell + "-edge", fmt::format("<link_ctn id=\"{}-up\"/>{}", name, air));
    route(cell + "-edge", name, fmt::format("{}<link_ctn id=\"{}-down\"/>", air, name));
  }
  route(cell + "-edge", cell + "-router", fmt::format("<link_ctn id=\"{}-up\"/>", cell));
  route(cell + "-router", cell + "-edge", fmt::format("<link_ctn id=\"{}-down\"/>", cell));
  return zone + "    </zone>\n";
}

std::string state_profile(const std::string& host, const Churn& churn, std::uint64_t seed, int device) {
  return fmt::format(
      "  <trace id=\"{0}-state\" periodicity=\"{1}\">\n{2}  </trace>\n"
      "  <trace_connect kind=\"HOST_AVAIL\" trace=\"{0}-state\" element=\"{0}\"/>\n",
      host, churn_period_seconds(churn), churn_profile(churn, seed, device));
}

}  // namespace

std::string generate_platform(const Catalogue& catalogue, const FleetMix& mix) {
  check(mix);
  const NetworkKind network = catalogue.network.value_or(NetworkKind{});
  const std::vector<int> counts = count_devices(mix);
  std::map<std::string, int> numbers, cell_numbers;
  std::string core_hosts, core_links, cells, lines, ways, profiles;
  if (!mix.server.empty()) {
    const DeviceKind& server = find_kind(catalogue.devices, mix.server);
    core_hosts += fmt::format("      <host id=\"server\" speed=\"{}f\">{}{}</host>\n", server.speed_flops,
                              property("role", "server"), properties(server));
  }
  int device_index = 0;
  for (std::size_t part = 0; part < mix.parts.size(); ++part) {
    const DeviceKind& device = find_kind(catalogue.devices, mix.parts[part].device);
    const LinkKind& link = find_kind(catalogue.links, mix.parts[part].link);
    const std::string& region = mix.parts[part].region;
    const Churn churn = mix.parts[part].churn.value_or(mix.churn);
    std::string of_part =
        region.empty()
            ? ""
            : property("carbon", fmt::format("{}gCO2/kWh", find_kind(catalogue.regions, region).grams_co2_per_kwh));
    if (mix.parts[part].split) of_part += property("split", fmt::format("{}", *mix.parts[part].split));
    const bool has_cells = link.cell && mix.devices_per_cell != 0, has_edges = !mix.aggregator.empty();
    const int usual = link.cell ? link.cell->devices : kDevicesPerAggregator;
    const int in_zone = has_cells || has_edges ? mix.devices_per_cell.value_or(usual) : counts[part];
    for (int first = 0; first < counts[part]; first += in_zone) {
      const std::string cell = fmt::format("{}-cell-{}", link.name, cell_numbers[link.name]);
      std::string hosts, links, host_links;
      std::vector<std::string> names;
      for (int i = first; i < std::min(first + in_zone, counts[part]); ++i) {
        names.push_back(fmt::format("{}-{}", device.name, numbers[device.name]++));
        if (churn.kind != Churn::Kind::none) profiles += state_profile(names.back(), churn, mix.seed, device_index);
        add_device(hosts, links, names.back(), has_edges ? of_part + property("aggregator", cell + "-edge") : of_part,
                   device, link, network, Spread(mix, device_index++));
        host_links += host_link(names.back());
      }
      if (!has_cells && !has_edges) {
        core_hosts += hosts;
        core_links += links + host_links;
        continue;
      }
      ++cell_numbers[link.name];
      cells += has_edges ? edge_zone(cell, link, find_kind(catalogue.devices, mix.aggregator),
                                     find_kind(catalogue.links, mix.backhaul), network, names, hosts, links)
                         : cell_zone(cell, link, network, hosts, links, host_links);
      // SimGrid wants a link on every way between zones; it never limits.
      const double never_limits = 2 * (has_edges ? find_kind(catalogue.links, mix.backhaul).down_bytes_per_second
                                                 : link.cell->bytes_per_second);
      lines += fmt::format("    <link id=\"{0}-line\" bandwidth=\"{1}Bps\" latency=\"1ms\"/>\n", cell, never_limits);
      ways += fmt::format(
          "    <zoneRoute src=\"{0}\" dst=\"core\" gw_src=\"{0}-router\" gw_dst=\"core-router\"><link_ctn "
          "id=\"{0}-line\"/></zoneRoute>\n",
          cell);
    }
  }
  std::string text = "<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n";
  text += fmt::format("<!-- Generated: {} devices, spread {}, seed {}.", mix.devices, mix.spread, mix.seed);
  for (std::size_t i = 0; i < mix.parts.size(); ++i) {
    text += fmt::format("\n     {} x {} on {}", counts[i], mix.parts[i].device, mix.parts[i].link);
    if (!mix.parts[i].region.empty()) text += " in " + mix.parts[i].region;
  }
  text += " -->\n<platform version=\"4.1\">\n  <zone id=\"fleet\" routing=\"DijkstraCache\">\n";
  if (catalogue.network)
    text += fmt::format("    {}\n", property("network_calibration", xml_escaped(network.calibration)));
  if (network.framing)
    text += fmt::format("    {}{}\n", property("framing", "tcp"),
                        property("mtu", fmt::format("{:.0f}B", network.framing->mtu_bytes)));
  if (network.uncertainty)
    text +=
        fmt::format("    {}\n", property("network_uncertainty", fmt::format("{:.6g}%", 100 * *network.uncertainty)));
  text += cells;
  text += "    <zone id=\"core\" routing=\"Cluster\">\n" + core_hosts + "      <router id=\"core-router\"/>\n" +
          core_links + "    </zone>\n" + lines + ways + "  </zone>\n" + profiles + "</platform>\n";
  return text;
}

}  // namespace msfusion
