#include "sim/timing/platform_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unordered_set>

#include "sim/base/input_files.hpp"
#include "sim/base/spelling.hpp"
#include "sim/base/units.hpp"
#include "sim/base/xml.hpp"

namespace msfusion {

namespace {

constexpr long long kMostHosts = 1'000'000;

/// The number that a quantity begins with. SimGrid knows more spellings of units than we do and complains about the
/// rest with a line, so a text that starts with a good number is left to it.
std::optional<double> leading_number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || !std::isfinite(value)) return {};
  return value;
}

bool is_zone(const std::string& name) {
  return name == "zone" || name == "AS";
}

/// Sees the file element by element, because that of a large fleet would be a large tree.
class Checker : public XmlDocument::Visitor {
 public:
  explicit Checker(const std::string& file) : file_(file) { result_.file = file; }

  void enter(const XmlElement& element) override {
    const std::string name = element.name();
    if (depth_++ == 0) {
      root_line_ = element.line();
      if (name != "platform") {
        report(element.line(), fmt::format("a <{}> file", name), "a SimGrid platform file: <platform version=\"4.1\">");
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
      report(root_line_, "a platform without devices", "at least one <host> that is neither server nor aggregator");
    }
    if (hosts_ > kMostHosts) {
      report(root_line_, fmt::format("{} hosts", hosts_), fmt::format("at most {}", kMostHosts));
    }
  }

  PlatformFile take() {
    if (!mistakes_.empty()) {
      std::stable_sort(mistakes_.begin(), mistakes_.end(), [this](const Mistake& a, const Mistake& b) {
        return a.file == b.file ? a.line < b.line : a.file == file_ && b.file != file_;
      });
      throw UserError(std::move(mistakes_));
    }
    return std::move(result_);
  }

 private:
  void report(int line, std::string found, std::string allowed) {
    mistakes_.push_back({file_, line, std::move(found), std::move(allowed)});
  }

  /// The attribute, reported if it is not there.
  std::string required(const XmlElement& element, const std::string& name) {
    const auto value = element.attribute(name);
    if (!value)
      report(element.line(), fmt::format("a <{}> without {}", element.name(), name), fmt::format("{}=\"..\"", name));
    return value.value_or("");
  }

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
        check_speed(element, "speed");
        check_profile(element, "state_file", ProfileKind::state);
        check_profile(element, "speed_file", ProfileKind::speed);
      } else {
        add_radical_hosts(element);
        check_speed(element, "speed");
      }
    } else if (name == "link" || name == "backbone") {
      check_link(element);
    } else if (name == "trace") {
      check_trace(element);
    } else if (name == "trace_connect") {
      connects_.push_back(element);
    } else if (name == "host_link") {
      for (const char* way : {"up", "down"})
        links_used_.push_back({required(element, way), element.attribute_line(way)});
      hosts_used_.push_back({required(element, "id"), element.attribute_line("id")});
    } else if (name == "prop") {
      check_zone_property(element);
    } else if (name == "config") {
      report(element.line(), "a <config>",
             "platforms of hosts, links and routes; the scenario chooses the network model");
    } else if (name == "actor" || name == "process") {
      report(element.line(), fmt::format("an <{}>", name), "platforms of hosts, links and routes");
    } else {
      for (const XmlElement& used : element.children("link_ctn")) {
        std::string id = required(used, "id");
        const std::string direction = used.attribute("direction").value_or("NONE");
        if (direction != "NONE") id += "_" + direction;
        links_used_.push_back({id, used.line()});
      }
    }
  }

  void check_zone_property(const XmlElement& prop) {
    const std::string id = required(prop, "id"), value = required(prop, "value"), known = "network_calibration";
    if (id != known) {
      if (!nearest_spelling(id, {known}).empty())
        report(prop.line(), fmt::format("property \"{}\" of a zone", id), one_of(id, {known}));
      return;
    }
    if (!result_.network_calibration.empty() && result_.network_calibration != value)
      report(prop.line(), "another network_calibration", "one for all links of a platform");
    result_.network_calibration = value;
  }

  void check_routing(const XmlElement& zone) {
    static const std::vector<std::string> kinds = {"Full",    "Floyd",   "Dijkstra", "DijkstraCache",
                                                   "Cluster", "Vivaldi", "Wifi",     "None"};
    const std::string routing = required(zone, "routing");
    const bool known = std::any_of(kinds.begin(), kinds.end(), [&](const std::string& kind) {
      return boost::algorithm::to_lower_copy(kind) == boost::algorithm::to_lower_copy(routing);
    });
    if (!known && zone.attribute("routing")) {
      report(zone.attribute_line("routing"), fmt::format("routing=\"{}\"", routing), one_of(routing, kinds));
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
        report(line, fmt::format("no route from {} to any other node", name), "a <route> that begins or ends there");
      }
    }
  }

  /// Speeds separated by commas, one per power state; returns how many.
  int check_speed(const XmlElement& element, const std::string& attribute) {
    const std::string text = required(element, attribute);
    if (text.empty()) return 1;
    std::vector<std::string> speeds;
    boost::split(speeds, text, boost::is_any_of(","));
    for (const std::string& speed : speeds) {
      const auto value = leading_number(speed);
      if (!value || !(*value > 0)) {
        report(element.attribute_line(attribute), fmt::format("{}=\"{}\"", attribute, text),
               fmt::format("a number above 0 with one of the units {}", allowed_units(Quantity::flops_per_second)));
        break;
      }
    }
    return static_cast<int>(speeds.size());
  }

  void check_properties(const XmlElement& host, const std::string& name, int power_states, long long count) {
    std::map<std::string, std::string> properties;
    std::map<std::string, int> lines;
    for (const XmlElement& prop : host.children("prop")) {
      const std::string id = required(prop, "id");
      if (!properties.emplace(id, required(prop, "value")).second) {
        report(prop.line(), fmt::format("property \"{}\" of {} for the second time", id, name), "each property once");
      }
      lines.emplace(id, prop.line());
    }
    const NodeSpec spec = read_node(
        name, 1, 1, power_states, properties, file_, [&](const std::string& id) { return lines.at(id); }, mistakes_);
    result_.has_host_power = result_.has_host_power || spec.device.has_power;
    hosts_ += count;
    if (!spec.aggregator.empty()) aggregators_used_.push_back({spec.aggregator, lines.at("aggregator")});
    if (spec.role == NodeSpec::Role::aggregator) {
      aggregators_.insert(name);
      if (count > 1)
        report(lines.at("role"), fmt::format("{} of {} hosts", name, count), "a <host> for each aggregator");
      if (first_aggregator_line_ == 0) first_aggregator_line_ = lines.at("role");
      return;
    }
    if (spec.role == NodeSpec::Role::device) {
      devices_ += count;
      return;
    }
    if (count > 1 || !server_.empty()) {
      report(lines.at("role"), fmt::format("{} as a second server", name),
             server_.empty() ? "one server, at most" : fmt::format("one server, at most: {} is one already", server_));
    }
    server_ = name;
  }

  void check_host(const XmlElement& host) {
    const std::string name = required(host, "id");
    const auto [first, is_new] = result_.host_lines.emplace(name, host.line());
    if (!is_new) {
      report(host.line(), fmt::format("host \"{}\" for the second time", name),
             fmt::format("names that differ; the first one is on line {}", first->second));
    }
    if (const auto cores = host.attribute("core")) {
      const auto count = parse_integer(*cores);
      if (!count || *count < 1)
        report(host.attribute_line("core"), fmt::format("core=\"{}\"", *cores), "a whole number above 0");
    }
    check_properties(host, name, check_speed(host, "speed"), 1);
    check_profile(host, "state_file", ProfileKind::state);
    check_profile(host, "speed_file", ProfileKind::speed);
    check_profile(host, "availability_file", ProfileKind::speed);
  }

  long long radical_size(const XmlElement& element) {
    const std::string text = required(element, "radical");
    std::vector<std::string> groups;
    boost::split(groups, text, boost::is_any_of(","));
    long long count = 0;
    for (const std::string& group : groups) {
      std::vector<std::string> ends;
      boost::split(ends, group, boost::is_any_of("-"));
      const auto first = parse_integer(ends.front()), last = parse_integer(ends.back());
      if (ends.size() > 2 || !first || !last || *last < *first || *last - *first > 100 * kMostHosts) {
        report(element.attribute_line("radical"), fmt::format("radical=\"{}\"", text),
               "numbers and ranges: \"0-9,12\"");
        return 0;
      }
      count += *last - *first + 1;
    }
    return count;
  }

  void add_radical_hosts(const XmlElement& element) {
    const long long count = radical_size(element);
    hosts_ += count;
    devices_ += count;
  }

  void check_cluster(const XmlElement& cluster) {
    made_by_simgrid_ = true;
    check_properties(cluster, required(cluster, "id"), check_speed(cluster, "speed"), radical_size(cluster));
    check_positive(cluster, "bw");
    check_not_negative(cluster, "lat");
  }

  void check_positive(const XmlElement& element, const std::string& attribute) {
    const std::string text = required(element, attribute);
    std::vector<std::string> values;
    boost::split(values, text, boost::is_any_of(","));
    for (const std::string& part : values) {
      const auto value = leading_number(part);
      if (text.empty() || (value && *value > 0)) continue;
      report(element.attribute_line(attribute), fmt::format("{}=\"{}\"", attribute, text),
             fmt::format("a number above 0 with one of the units {}", allowed_units(Quantity::bytes_per_second)));
      return;
    }
  }

  void check_not_negative(const XmlElement& element, const std::string& attribute) {
    const auto text = element.attribute(attribute);
    if (!text) return;
    const auto value = leading_number(*text);
    if (value && *value >= 0) return;
    report(element.attribute_line(attribute), fmt::format("{}=\"{}\"", attribute, *text),
           "a number not below 0 with one of the units ns, us, ms, s");
  }

  void check_link(const XmlElement& link) {
    const std::string name = required(link, "id");
    const auto [first, is_new] = link_lines_.emplace(name, link.line());
    if (!is_new) {
      report(link.line(), fmt::format("link \"{}\" for the second time", name),
             fmt::format("names that differ; the first one is on line {}", first->second));
    }
    const std::string policy = link.attribute("sharing_policy").value_or("SHARED");
    if (policy == "SPLITDUPLEX" || policy == "FULLDUPLEX") {
      link_lines_.emplace(name + "_UP", link.line());
      link_lines_.emplace(name + "_DOWN", link.line());
    }
    check_positive(link, "bandwidth");
    check_not_negative(link, "latency");
    for (const XmlElement& prop : link.children("prop")) {
      if (prop.attribute("id") != "wattage_range") continue;
      if (const auto power = read_link_power(prop.attribute("value").value_or(""), file_, prop.line(), mistakes_)) {
        result_.link_powers[name] = *power;
      }
    }
    check_profile(link, "state_file", ProfileKind::state);
    check_profile(link, "bandwidth_file", ProfileKind::bandwidth);
    check_profile(link, "latency_file", ProfileKind::latency);
  }

  /// SimGrid looks for a relative file from where the program stands and then beside the platform file.
  std::optional<std::string> find_file(const std::string& name) const {
    namespace fs = std::filesystem;
    std::error_code ignored;
    if (fs::is_regular_file(name, ignored)) return name;
    const fs::path beside = fs::path(file_).parent_path() / name;
    if (fs::is_regular_file(beside, ignored)) return beside.string();
    return {};
  }

  void check_profile(const XmlElement& element, const std::string& attribute, ProfileKind kind) {
    const auto name = element.attribute(attribute);
    if (!name || name->empty()) return;
    if (const auto profile = read_profile_file(*name, element.attribute_line(attribute), attribute, kind)) {
      keep_switches(*profile, kind, element.attribute_line(attribute));
    }
  }

  std::optional<Profile> read_profile_file(const std::string& name, int line, const std::string& attribute,
                                           ProfileKind kind) {
    if (std::filesystem::path(name).is_absolute()) {
      report(line, fmt::format("{}=\"{}\", an absolute path", attribute, name),
             "a path relative to the platform file: SimGrid 3.32 cannot open absolute ones");
      return {};
    }
    const auto path = find_file(name);
    std::ifstream stream(path.value_or(""));
    if (!path || !stream) {
      report(line, fmt::format("{}=\"{}\", which cannot be read", attribute, name),
             "a file, its path relative to the platform file");
      return {};
    }
    InputLog::note(*path);
    std::ostringstream text;
    text << stream.rdbuf();
    return parse_profile(text.str(), *path, 1, {}, kind, mistakes_);
  }

  void keep_switches(const Profile& profile, ProfileKind kind, int line) {
    if (kind != ProfileKind::state) return;
    if (profile.stochastic) {
      report(line, "a stochastic state profile", "dates written out: what happens must not depend on SimGrid's dice");
      return;
    }
    result_.switches.push_back(profile);
  }

  void check_trace(const XmlElement& trace) {
    const std::string id = required(trace, "id");
    if (!traces_.emplace(id, trace).second) {
      report(trace.line(), fmt::format("trace \"{}\" for the second time", id), "names that differ");
    }
    if (!trace.attribute("periodicity")) required(trace, "periodicity");
  }

  void check_references() {
    static const std::map<std::string, ProfileKind> kinds = {{"HOST_AVAIL", ProfileKind::state},
                                                             {"LINK_AVAIL", ProfileKind::state},
                                                             {"SPEED", ProfileKind::speed},
                                                             {"BANDWIDTH", ProfileKind::bandwidth},
                                                             {"LATENCY", ProfileKind::latency}};
    for (const XmlElement& connect : connects_) {
      const std::string id = required(connect, "trace");
      const auto trace = traces_.find(id);
      if (trace == traces_.end()) {
        report(connect.attribute_line("trace"), fmt::format("trace=\"{}\"", id), "the id of a <trace> of this file");
        continue;
      }
      const std::string kind_name = connect.attribute("kind").value_or("HOST_AVAIL");
      const auto kind = kinds.find(kind_name);
      if (kind == kinds.end()) {
        report(connect.attribute_line("kind"), fmt::format("kind=\"{}\"", kind_name),
               "one of HOST_AVAIL, LINK_AVAIL, SPEED, BANDWIDTH, LATENCY");
        continue;
      }
      if (kind_name != "HOST_AVAIL" && kind_name != "SPEED") {
        report(connect.line(), fmt::format("a trace connected as {}", kind_name),
               "state_file, bandwidth_file or latency_file of the <link>: SimGrid 3.32 connects traces to hosts only");
        continue;
      }
      hosts_used_.push_back({required(connect, "element"), connect.attribute_line("element")});
      const std::string name = trace->second.attribute("file").value_or("");
      if (!name.empty()) {
        if (const auto profile = read_profile_file(name, trace->second.attribute_line("file"), "file", kind->second)) {
          keep_switches(*profile, kind->second, connect.line());
        }
        continue;
      }
      const auto period = parse_number(trace->second.attribute("periodicity").value_or("0"));
      keep_switches(parse_profile(trace->second.text(), file_, trace->second.line(), period, kind->second, mistakes_),
                    kind->second, connect.line());
    }
    for (const auto& [name, line] : aggregators_used_) {
      if (aggregators_.count(name) == 0) {
        report(line, fmt::format("aggregator=\"{}\"", name), "the id of a <host> with role=\"aggregator\"");
      }
    }
    if (!aggregators_.empty() && server_.empty()) {
      report(first_aggregator_line_, "an aggregator without a server to send to", "a <host> with role=\"server\"");
    }
    if (made_by_simgrid_) return;  // a <cluster> makes hosts and links whose names SimGrid alone knows
    for (const auto& [name, line] : hosts_used_) {
      if (!name.empty() && result_.host_lines.count(name) == 0) {
        report(line, fmt::format("host \"{}\", which is not there", name), "the id of a <host> of this file");
      }
    }
    for (const auto& [name, line] : links_used_) {
      if (!name.empty() && link_lines_.count(name) == 0) {
        report(line, fmt::format("link \"{}\", which is not there", name), "the id of a <link> of this file");
      }
    }
  }

  struct Reference {
    std::string name;
    int line;
  };

  std::string file_;
  std::size_t depth_ = 0;  // elements that are open
  bool is_platform_ = true;
  int root_line_ = 0;
  std::vector<Zone> zones_;  // that are open
  PlatformFile result_;
  std::vector<Mistake> mistakes_;
  std::unordered_map<std::string, int> link_lines_;
  std::vector<Reference> hosts_used_, links_used_, aggregators_used_;
  std::unordered_set<std::string> aggregators_;
  int first_aggregator_line_ = 0;
  std::map<std::string, XmlElement> traces_;
  std::vector<XmlElement> connects_;
  bool made_by_simgrid_ = false;
  std::string server_;
  long long hosts_ = 0, devices_ = 0;
};

}  // namespace

int PlatformFile::line_of(const std::string& host) const {
  const auto found = host_lines.find(host);
  return found == host_lines.end() ? 0 : found->second;
}

PlatformFile read_platform_file(const std::string& file) {
  Checker checker(file);
  const XmlDocument kept =
      XmlDocument::visit_file(file, XmlDocument::Doctype::ignored, std::size_t{512} << 20, checker);
  checker.finish();
  return checker.take();
}

}  // namespace msfusion
