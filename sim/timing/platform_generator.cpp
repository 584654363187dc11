#include "sim/timing/platform_generator.hpp"

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

template <class Kind>
const Kind& find_kind(const std::vector<Kind>& kinds, const std::string& name) {
  std::vector<std::string> names;
  for (const Kind& kind : kinds) {
    if (kind.name == name) return kind;
    names.push_back(kind.name);
  }
  throw UserError(Mistake{"", 0, fmt::format("kind \"{}\"", name), one_of(name, names)});
}

/// Largest remainder method: the parts' counts add up to `devices`.
std::vector<int> count_devices(const FleetMix& mix) {
  double sum = 0;
  for (const FleetPart& part : mix.parts) {
    if (!(part.share > 0) || !std::isfinite(part.share)) {
      throw UserError(Mistake{"", 0, fmt::format("a share of {}", part.share), "a number above 0"});
    }
    sum += part.share;
  }
  std::vector<int> counts;
  std::vector<std::pair<double, std::size_t>> remainders;
  int given = 0;
  for (std::size_t i = 0; i < mix.parts.size(); ++i) {
    const double exact = mix.devices * mix.parts[i].share / sum;
    counts.push_back(static_cast<int>(std::floor(exact + 1e-9)));
    remainders.push_back({counts.back() - exact, i});
    given += counts.back();
  }
  std::stable_sort(remainders.begin(), remainders.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; given < mix.devices; ++i, ++given) ++counts[remainders[i % remainders.size()].second];
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
  if (!(mix.spread >= 0 && mix.spread <= 3)) {
    throw UserError(Mistake{"", 0, fmt::format("a spread of {}", mix.spread), "a number from 0 to 3"});
  }
}

std::string property(const std::string& id, const std::string& value) {
  return fmt::format("<prop id=\"{}\" value=\"{}\"/>", id, value);
}

std::string properties(const DeviceKind& kind) {
  std::string text = property("kind", kind.name);
  text += property("memory", fmt::format("{:.0f}B", kind.memory_bytes));
  text += property("memory_bandwidth", fmt::format("{}Bps", kind.memory_bandwidth));
  text += property("step_overhead", fmt::format("{}s", kind.step_overhead_seconds));
  if (kind.idle_watts && kind.busy_watts) {
    text += property("wattage_per_state", fmt::format("{}:{}", *kind.idle_watts, *kind.busy_watts));
  }
  if (kind.price_usd_per_hour) text += property("price", fmt::format("{}USD/h", *kind.price_usd_per_hour));
  if (kind.traffic_usd_per_gb) text += property("traffic_price", fmt::format("{}USD/GB", *kind.traffic_usd_per_gb));
  if (kind.battery_joules) text += property("battery", fmt::format("{}J", *kind.battery_joules));
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

void add_device(std::string& zone, const std::string& name, const DeviceKind& device, const LinkKind& link,
                Spread spread) {
  zone += fmt::format("      <host id=\"{}\" speed=\"{}f\">{}</host>\n", name, spread.draw(device.speed_flops),
                      properties(device));
  const double latency = spread.draw(link.latency_seconds);
  zone += fmt::format("      <link id=\"{}-down\" bandwidth=\"{}Bps\" latency=\"{}s\"/>\n", name,
                      spread.draw(link.down_bytes_per_second), latency);
  zone += fmt::format("      <link id=\"{}-up\" bandwidth=\"{}Bps\" latency=\"{}s\"/>\n", name,
                      spread.draw(link.up_bytes_per_second), latency);
}

std::string host_link(const std::string& name) {
  return fmt::format("      <host_link id=\"{}\" up=\"{}-up\" down=\"{}-down\"/>\n", name, name, name);
}

std::string state_profile(const std::string& host, const FleetMix& mix, int device) {
  return fmt::format(
      "  <trace id=\"{0}-state\" periodicity=\"{1}\">\n{2}  </trace>\n"
      "  <trace_connect kind=\"HOST_AVAIL\" trace=\"{0}-state\" element=\"{0}\"/>\n",
      host, churn_period_seconds(mix.churn), churn_profile(mix.churn, mix.seed, device));
}

}  // namespace

std::string generate_platform(const Catalogue& catalogue, const FleetMix& mix) {
  check(mix);
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
    const bool has_cells = link.cell && mix.devices_per_cell != 0;
    const int in_zone = has_cells ? mix.devices_per_cell.value_or(link.cell->devices) : counts[part];
    for (int first = 0; first < counts[part]; first += in_zone) {
      std::string hosts, links;
      for (int i = first; i < std::min(first + in_zone, counts[part]); ++i) {
        const std::string name = fmt::format("{}-{}", device.name, numbers[device.name]++);
        if (mix.churn.kind != Churn::Kind::none) profiles += state_profile(name, mix, device_index);
        add_device(hosts, name, device, link, Spread(mix, device_index++));
        links += host_link(name);
      }
      if (!has_cells) {
        core_hosts += hosts;
        core_links += links;
        continue;
      }
      const std::string cell = fmt::format("{}-cell-{}", link.name, cell_numbers[link.name]++);
      cells += fmt::format(
          "    <zone id=\"{0}\" routing=\"Cluster\">\n{1}      <router id=\"{0}-router\"/>\n"
          "      <backbone id=\"{0}-air\" bandwidth=\"{2}Bps\" latency=\"0s\"/>\n{3}    </zone>\n",
          cell, hosts, link.cell->bytes_per_second, links);
      // SimGrid wants a link on every way between zones; as wide as the cell it never limits.
      lines += fmt::format("    <link id=\"{0}-line\" bandwidth=\"{1}Bps\" latency=\"1ms\"/>\n", cell,
                           2 * link.cell->bytes_per_second);
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
  }
  text += " -->\n<platform version=\"4.1\">\n  <zone id=\"fleet\" routing=\"DijkstraCache\">\n" + cells;
  text += "    <zone id=\"core\" routing=\"Cluster\">\n" + core_hosts + "      <router id=\"core-router\"/>\n" +
          core_links + "    </zone>\n" + lines + ways + "  </zone>\n" + profiles + "</platform>\n";
  return text;
}

}  // namespace msfusion
