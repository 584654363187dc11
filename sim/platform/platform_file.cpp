#include "sim/platform/platform_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <tuple>
#include <unordered_set>

#include "sim/base/spelling.hpp"
#include "sim/base/units.hpp"
#include "sim/platform/platform_profiles.hpp"
#include "sim/platform/platform_words.hpp"

namespace msfusion {

namespace {

constexpr long long kMostHosts = 1'000'000;
constexpr double kLeastMtu = 68, kMostMtu = 65535;  // of IPv4
constexpr std::size_t kMostFileBytes = std::size_t{512} << 20;

bool is_zone(const std::string& name) {
  return name == "zone" || name == "AS";
}

/// Of the same mistake on many lines, as generated fleets have it, the first stands for all.
std::vector<Mistake> grouped(const std::vector<Mistake>& mistakes) {
  constexpr int kMostLines = 3;
  const auto key = [](const Mistake& mistake) { return std::tie(mistake.file, mistake.found, mistake.allowed); };
  std::map<decltype(key(mistakes.front())), int> lines;
  for (const Mistake& mistake : mistakes) ++lines[key(mistake)];
  std::vector<Mistake> result;
  for (const Mistake& mistake : mistakes) {
    int& count = lines.at(key(mistake));
    if (count == 0) continue;
    result.push_back(mistake);
    if (count <= kMostLines) continue;
    result.back().found += fmt::format(", and the same on {} more lines", count - 1);
    count = 0;
  }
  return result;
}

/// Sees the file element by element, because a large fleet would make a large tree.
class Checker : public XmlDocument::Visitor {
 public:
  explicit Checker(const std::string& file) : checks_(file), profiles_(checks_) { result_.file = file; }

  void enter(const XmlElement& element) override {
    const std::string name = element.name();
    if (depth_++ == 0) {
      root_line_ = element.line();
      if (name != "platform") {
        checks_.report(element.line(), fmt::format("a <{}> file", name),
                       "a SimGrid platform file: <platform version=\"4.1\">");
        is_platform_ = false;
      }
    } else if (is_platform_ && is_zone(name) && depth_ == zones_.size() + 2) {
      check_routing(element);
      zones_.push_back(Zone{is_dijkstra(element), {}, {}});
    }
  }

  bool leave(const XmlElement& element) override {
    const bool in_zone = --depth_ == zones_.size() + 1;  // a child of the root or of a zone
    const std::string name = element.name();
    if (depth_ == 0) return true;
    if (!is_platform_) return false;
    if (is_zone(name) && depth_ == zones_.size()) {
      check_ends_of_routes(zones_.back());
      zones_.pop_back();
      return true;  // with the traces in it
    }
    if (!in_zone) return true;  // part of a larger element, which is removed as a whole
    check(element, name);
    return name == "trace" || name == "trace_connect";
  }

  /// After the whole file was seen.
  void finish() {
    if (!is_platform_) return;
    check_references();
    if (devices_ == 0) {
      checks_.report(root_line_, "a platform without devices",
                     "at least one <host> that is neither server nor aggregator");
    }
    if (hosts_ > kMostHosts) {
      checks_.report(root_line_, fmt::format("{} hosts", hosts_), fmt::format("at most {}", kMostHosts));
    }
  }

  PlatformFile take() {
    if (!checks_.mistakes().empty()) {
      std::vector<Mistake>& mistakes = checks_.mistakes();
      std::stable_sort(mistakes.begin(), mistakes.end(), [this](const Mistake& a, const Mistake& b) {
        return a.file == b.file ? a.line < b.line : a.file == result_.file && b.file != result_.file;
      });
      throw UserError(grouped(mistakes));
    }
    result_.states = profiles_.take_states();
    result_.has_profiles = profiles_.has_any();
    return std::move(result_);
  }

 private:
  struct Zone {
    bool is_dijkstra;
    std::vector<std::pair<std::string, int>> hosts;  // name and line
    std::unordered_set<std::string> ends;            // of its routes
  };

  void check(const XmlElement& element, const std::string& name) {
    if (!zones_.empty() && zones_.back().is_dijkstra) {
      if (name == "host") zones_.back().hosts.emplace_back(element.attribute("id").value_or(""), element.line());
      if (name == "route")
        for (const char* end : {"src", "dst"}) zones_.back().ends.insert(element.attribute(end).value_or(""));
    }
    if (name == "host") {
      check_host(element);
    } else if (name == "cluster") {
      check_cluster(element);
    } else if (name == "cabinet" || name == "peer") {
      made_by_simgrid_ = true;
      if (name == "peer") {
        ++hosts_, ++devices_;
        checks_.speeds(element, "speed");
        profiles_.check_attribute(element, "state_file", ProfileKind::state);
        profiles_.check_attribute(element, "speed_file", ProfileKind::speed);
      } else {
        const long long count = checks_.radical_size(element, kMostHosts);
        hosts_ += count;
        devices_ += count;
        checks_.speeds(element, "speed");
      }
    } else if (name == "link" || name == "backbone") {
      check_link(element);
    } else if (name == "trace") {
      profiles_.add_trace(element);
    } else if (name == "trace_connect") {
      profiles_.add_connect(element);
    } else if (name == "host_link") {
      for (const char* way : {"up", "down"})
        links_used_.push_back({checks_.required(element, way), element.attribute_line(way)});
      hosts_used_.push_back({checks_.required(element, "id"), element.attribute_line("id")});
    } else if (name == "prop") {
      check_zone_property(element);
    } else if (name == "config") {
      check_config(element);
    } else if (name == "actor" || name == "process") {
      checks_.report(element.line(), fmt::format("an <{}>", name), "platforms of hosts, links and routes");
    } else {
      for (const XmlElement& used : element.children("link_ctn")) {
        std::string id = checks_.required(used, "id");
        const std::string direction = used.attribute("direction").value_or("NONE");
        if (direction != "NONE") id += "_" + direction;
        links_used_.push_back({id, used.line()});
      }
    }
  }

  /// What SimGrid would be configured with is never passed on to it, so only what changes no result may stand there.
  void check_config(const XmlElement& config) {
    for (const XmlElement& prop : config.children("prop")) {
      const std::string id = checks_.required(prop, "id");
      static const std::vector<std::string> harmless = {"tracing", "viva",  "triva",    "path",
                                                        "help",    "debug", "exception"};
      const bool is_harmless = std::any_of(harmless.begin(), harmless.end(), [&](const std::string& name) {
        return id == name || id.compare(0, name.size() + 1, name + "/") == 0;
      });
      if (!is_harmless)
        checks_.report(
            prop.line(), fmt::format("a <config> that sets {}", id),
            "a platform that leaves simulation to the scenario (attribute network of <platform>); remove it");
    }
  }

  void check_zone_property(const XmlElement& prop) {
    static const std::vector<std::string> known = properties_of(zone_words());
    const std::string id = checks_.required(prop, "id"), value = checks_.required(prop, "value");
    if (std::find(known.begin(), known.end(), id) == known.end()) {
      if (!nearest_spelling(id, known).empty())
        checks_.report(prop.line(), fmt::format("property \"{}\" of a zone", id), one_of(id, known));
      if (id == "uncertainty")
        checks_.report(prop.line(), "property \"uncertainty\" of a zone",
                       "network_uncertainty, which is of links; hosts state their own");
      return;
    }
    if (id == "network_uncertainty") {
      const auto spread = parse_uncertainty(value);
      if (!spread) checks_.report(prop.line(), fmt::format("network_uncertainty=\"{}\"", value), kUncertaintyAllowed);
      if (spread && result_.network_uncertainty.value_or(*spread) != *spread)
        checks_.report(prop.line(), "another network_uncertainty", "one for all links of a platform");
      result_.network_uncertainty = spread;
      return;
    }
    if (id == "framing" || id == "mtu") return check_framing(id, value, prop.line());
    if (!result_.network_calibration.empty() && result_.network_calibration != value)
      checks_.report(prop.line(), "another network_calibration", "one for all links of a platform");
    result_.network_calibration = value;
  }

  /// Of the network as a whole: it stands in one zone.
  void check_framing(const std::string& id, const std::string& value, int line) {
    int& first = id == "mtu" ? mtu_line_ : framing_line_;
    if (first > 0) checks_.report(line, "another " + id, "one for the whole platform");
    first = line;
    if (id == "framing") {
      if (value != "tcp") checks_.report(line, fmt::format("framing=\"{}\"", value), "tcp, or no such property");
      return;
    }
    const auto mtu = parse_quantity(value, Quantity::bytes);
    if (!mtu || *mtu < kLeastMtu || *mtu > kMostMtu)
      checks_.report(line, fmt::format("mtu=\"{}\"", value), "68B to 65535B; Ethernet has 1500B");
    else
      mtu_bytes_ = *mtu;
  }

  void check_routing(const XmlElement& zone) {
    static const std::vector<std::string> kinds = {"Full",    "Floyd",   "Dijkstra", "DijkstraCache",
                                                   "Cluster", "Vivaldi", "Wifi",     "None"};
    const std::string routing = checks_.required(zone, "routing");
    const bool known = std::any_of(kinds.begin(), kinds.end(), [&](const std::string& kind) {
      return boost::algorithm::to_lower_copy(kind) == boost::algorithm::to_lower_copy(routing);
    });
    if (boost::algorithm::to_lower_copy(routing) == "wifi") {
      checks_.report(zone.attribute_line("routing"), "a Wi-Fi zone",
                     "links with a bandwidth, such as one for the air of a cell and one for each station: a rate for "
                     "each station and direction is not supported");
    } else if (!known && zone.attribute("routing")) {
      checks_.report(zone.attribute_line("routing"), fmt::format("routing=\"{}\"", routing), one_of(routing, kinds));
    }
  }

  static bool is_dijkstra(const XmlElement& zone) {
    const std::string routing = boost::algorithm::to_lower_copy(zone.attribute("routing").value_or(""));
    return routing == "dijkstra" || routing == "dijkstracache";
  }

  /// SimGrid's Dijkstra crashes over a host that no route of its zone begins or ends at.
  void check_ends_of_routes(const Zone& zone) {
    for (const auto& [name, line] : zone.hosts) {
      if (zone.ends.count(name) == 0) {
        checks_.report(line, fmt::format("no route from {} to any other node", name),
                       "a <route> that begins or ends there");
      }
    }
  }

  void check_properties(const XmlElement& host, const std::string& name, int power_states, long long count) {
    std::map<std::string, std::string> properties;
    std::map<std::string, int> lines;
    for (const XmlElement& prop : host.children("prop")) {
      const std::string id = checks_.required(prop, "id");
      if (!properties.emplace(id, checks_.required(prop, "value")).second) {
        checks_.report(prop.line(), fmt::format("property \"{}\" of {} for the second time", id, name),
                       "each property once");
      }
      lines.emplace(id, prop.line());
    }
    const NodeSpec spec = read_node(
        name, 1, 1, power_states, properties, checks_.file(), [&](const std::string& id) { return lines.at(id); },
        checks_.mistakes());
    result_.has_host_power = result_.has_host_power || spec.device.has_power;
    for (const char* figure : {"uncertainty", "layer_uncertainty", "speed_variation"})
      result_.has_uncertain_hosts = result_.has_uncertain_hosts || properties.count(figure) > 0;
    hosts_ += count;
    if (!spec.aggregator.empty()) aggregators_used_.push_back({spec.aggregator, lines.at("aggregator")});
    if (spec.role == NodeSpec::Role::aggregator) {
      aggregators_.insert(name);
      if (count > 1)
        checks_.report(lines.at("role"), fmt::format("{} of {} hosts", name, count), "a <host> for each aggregator");
      if (first_aggregator_line_ == 0) first_aggregator_line_ = lines.at("role");
      return;
    }
    if (spec.role == NodeSpec::Role::device) {
      devices_ += count;
      return;
    }
    if (count > 1 || !server_.empty()) {
      checks_.report(
          lines.at("role"), fmt::format("{} as a second server", name),
          server_.empty() ? "one server, at most" : fmt::format("one server, at most: {} is one already", server_));
    }
    server_ = name;
  }

  void check_host(const XmlElement& host) {
    const std::string name = checks_.required(host, "id");
    const auto [first, is_new] = result_.host_lines.emplace(name, host.line());
    if (!is_new) {
      checks_.report(host.line(), fmt::format("host \"{}\" for the second time", name),
                     fmt::format("names that differ; the first one is on line {}", first->second));
    }
    if (const auto cores = host.attribute("core")) {
      const auto count = parse_integer(*cores);
      if (!count || *count < 1)
        checks_.report(host.attribute_line("core"), fmt::format("core=\"{}\"", *cores), "a whole number above 0");
    }
    check_properties(host, name, checks_.speeds(host, "speed"), 1);
    profiles_.check_attribute(host, "state_file", ProfileKind::state);
    profiles_.check_attribute(host, "speed_file", ProfileKind::speed);
    profiles_.check_attribute(host, "availability_file", ProfileKind::speed);
  }

  void check_cluster(const XmlElement& cluster) {
    made_by_simgrid_ = true;
    check_properties(cluster, checks_.required(cluster, "id"), checks_.speeds(cluster, "speed"),
                     checks_.radical_size(cluster, kMostHosts));
    checks_.bandwidths(cluster, "bw");
    checks_.latency(cluster, "lat");
  }

  void check_link(const XmlElement& link) {
    const std::string name = checks_.required(link, "id");
    const auto [first, is_new] = link_lines_.emplace(name, link.line());
    if (!is_new) {
      checks_.report(link.line(), fmt::format("link \"{}\" for the second time", name),
                     fmt::format("names that differ; the first one is on line {}", first->second));
    }
    const std::string policy = link.attribute("sharing_policy").value_or("SHARED");
    static const std::vector<std::string> policies = {"SHARED", "SPLITDUPLEX", "FULLDUPLEX", "FATPIPE"};
    if (policy == "WIFI") {
      checks_.report(link.line(), fmt::format("link \"{}\" with sharing_policy=\"WIFI\"", name),
                     "SHARED, SPLITDUPLEX or FATPIPE: a rate for each station is not supported");
    } else if (std::find(policies.begin(), policies.end(), policy) == policies.end()) {
      checks_.report(link.attribute_line("sharing_policy"), fmt::format("sharing_policy=\"{}\"", policy),
                     one_of(policy, policies));
    }
    if (policy == "SPLITDUPLEX" || policy == "FULLDUPLEX") {
      link_lines_.emplace(name + "_UP", link.line());
      link_lines_.emplace(name + "_DOWN", link.line());
    }
    checks_.bandwidths(link, "bandwidth");
    checks_.latency(link, "latency");
    for (const XmlElement& prop : link.children("prop")) {
      if (prop.attribute("id") == "background") check_background(link, name, prop);
      if (prop.attribute("id") == "uncertainty") check_uncertainty(name, prop);
      if (prop.attribute("id") != "wattage_range") continue;
      if (const auto power =
              read_link_power(prop.attribute("value").value_or(""), checks_.file(), prop.line(), checks_.mistakes())) {
        result_.link_powers[name] = *power;
      }
    }
    profiles_.check_attribute(link, "state_file", ProfileKind::state);
    profiles_.check_attribute(link, "bandwidth_file", ProfileKind::bandwidth);
    profiles_.check_attribute(link, "latency_file", ProfileKind::latency);
    if (link.attribute("bandwidth_file") || link.attribute("latency_file")) result_.profiled_links.insert(name);
  }

  void check_uncertainty(const std::string& link, const XmlElement& prop) {
    const std::string value = checks_.required(prop, "value");
    if (const auto spread = parse_uncertainty(value))
      result_.uncertainties[link] = *spread;
    else
      checks_.report(prop.line(), fmt::format("uncertainty=\"{}\"", value), kUncertaintyAllowed);
  }

  /// A share, or a file of shares over time beside the platform file.
  void check_background(const XmlElement& link, const std::string& name, const XmlElement& prop) {
    constexpr double kMost = 0.99;
    const std::string value = checks_.required(prop, "value");
    if (link.attribute("bandwidth_file"))
      checks_.report(prop.line(), fmt::format("a background of link \"{}\", which has a bandwidth_file", name),
                     "one of both");
    Background background;
    if (const auto share = parse_number(value)) {
      background.share = *share;
      if (*share < 0 || *share > kMost)
        checks_.report(prop.line(), fmt::format("background \"{}\"", value),
                       "a share from 0 to 0.99, or a file of shares");
      result_.backgrounds[name] = background;
      return;
    }
    const std::filesystem::path beside = std::filesystem::path(checks_.file()).parent_path() / value;
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(beside, ignored))
      return checks_.report(prop.line(), fmt::format("background \"{}\"", value),
                            "a share from 0 to 0.99, or a file of shares beside this one");
    try {
      background.left = read_step_series(beside.string(), "share", 0, kMost);
      for (double& share : background.left.values) share = 1 - share;
      result_.backgrounds[name] = background;
    } catch (const UserError& error) {
      for (const Mistake& mistake : error.mistakes()) checks_.mistakes().push_back(mistake);
    }
  }

  void check_references() {
    if (mtu_line_ > 0 && framing_line_ == 0)
      checks_.report(mtu_line_, "an mtu without framing", "<prop id=\"framing\" value=\"tcp\"/> beside it");
    if (framing_line_ > 0) result_.framing = Framing{mtu_bytes_};
    for (const auto& [name, line] : profiles_.resolve_connects()) hosts_used_.push_back({name, line});
    for (const auto& [name, spread] : result_.uncertainties)
      if (result_.profiled_links.count(name) > 0)
        checks_.report(link_lines_.at(name), fmt::format("an uncertainty of link \"{}\", which has a profile", name),
                       "one of both: a profile says rate and latency as they are");
    for (const auto& [name, line] : aggregators_used_) {
      if (aggregators_.count(name) == 0) {
        checks_.report(line, fmt::format("aggregator=\"{}\"", name), "the id of a <host> with role=\"aggregator\"");
      }
    }
    if (!aggregators_.empty() && server_.empty()) {
      checks_.report(first_aggregator_line_, "an aggregator without a server to send to",
                     "a <host> with role=\"server\"");
    }
    if (made_by_simgrid_) return;  // a <cluster> makes hosts and links whose names SimGrid alone knows
    for (const auto& [name, line] : hosts_used_) {
      if (!name.empty() && result_.host_lines.count(name) == 0) {
        checks_.report(line, fmt::format("host \"{}\", which is not there", name), "the id of a <host> of this file");
      }
    }
    for (const auto& [name, line] : links_used_) {
      if (!name.empty() && link_lines_.count(name) == 0) {
        checks_.report(line, fmt::format("link \"{}\", which is not there", name), "the id of a <link> of this file");
      }
    }
  }

  struct Reference {
    std::string name;
    int line;
  };

  ElementChecks checks_;
  PlatformProfiles profiles_;
  std::size_t depth_ = 0;  // elements that are open
  bool is_platform_ = true;
  int root_line_ = 0;
  std::vector<Zone> zones_;  // that are open
  PlatformFile result_;
  std::unordered_map<std::string, int> link_lines_;
  std::vector<Reference> hosts_used_, links_used_, aggregators_used_;
  std::unordered_set<std::string> aggregators_;
  int first_aggregator_line_ = 0;
  bool made_by_simgrid_ = false;
  double mtu_bytes_ = Framing().mtu_bytes;
  int framing_line_ = 0, mtu_line_ = 0;
  std::string server_;
  long long hosts_ = 0, devices_ = 0;
};

}  // namespace

int PlatformFile::line_of(const std::string& host) const {
  const auto found = host_lines.find(host);
  return found == host_lines.end() ? 0 : found->second;
}

std::optional<std::string> text_for_simgrid(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  const auto has = [&](const char* part) { return text.find(part) != std::string::npos; };
  const bool is_plain =
      text.compare(0, 5, "<?xml") == 0 && text.find('\0') == std::string::npos && !has("&#") && !has("<config") &&
      std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (is_plain) return {};
  XmlDocument document = XmlDocument::parse_text(text, file, XmlDocument::Doctype::ignored);
  for (const XmlElement& config : document.root().children("config")) document.remove(config);
  return document.serialise();
}

PlatformFile read_platform_file(const std::string& file) {
  Checker checker(file);
  const XmlDocument kept = XmlDocument::visit_file(file, XmlDocument::Doctype::ignored, kMostFileBytes, checker);
  checker.finish();
  return checker.take();
}

}  // namespace msfusion
