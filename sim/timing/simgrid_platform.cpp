#include "sim/timing/simgrid_platform.hpp"

#include <fmt/format.h>
#include <simgrid/plugins/energy.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <regex>
#include <set>

#include "sim/base/natural_order.hpp"
#include "sim/timing/apply_traces.hpp"

namespace msfusion {

namespace s4u = simgrid::s4u;

namespace {

constexpr int kFleetForAllPairs = 150;

void configure(TimingOptions::NetworkModel model) {
  // Events closer together than this become one event; SimGrid's 10 microseconds would be seen in short rounds.
  s4u::Engine::set_config("surf/precision:1e-9");
  s4u::Engine::set_config("maxmin/precision:1e-9");
  if (model == TimingOptions::NetworkModel::cm02) {
    s4u::Engine::set_config("network/model:CM02");
    s4u::Engine::set_config("network/crosstraffic:no");
    s4u::Engine::set_config("network/TCP-gamma:0");  // no limit by the TCP window
    return;
  }
  // With lazy updates SimGrid 3.32 misses that a link is shared by flows that start together; CM02 flows are corrected
  // from outside (LinkRefresh), LV08 flows cannot be.
  s4u::Engine::set_config("network/model:LV08");
  s4u::Engine::set_config("network/optim:Full");
}

/// The user's own settings come last, and so have the last word. SimGrid's message goes on with a list of all its keys.
void configure_further(const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) try {
      s4u::Engine::set_config(setting);
    } catch (const std::exception& error) {
      const std::string message = error.what();
      throw UserError(Mistake{
          "", 0,
          fmt::format("simgrid=\"{}\" in <platform>: SimGrid says: {}", setting, message.substr(0, message.find('\n'))),
          "a setting that SimGrid knows, with a value that it takes"});
    }
}

/// `framing`: what messages find is what full frames leave of it.
std::optional<Route> route_between(const s4u::Host* from, const s4u::Host* to, const std::optional<Framing>& framing) {
  std::vector<s4u::Link*> links;
  Route route;
  try {
    from->route_to(to, links, &route.latency_seconds);
  } catch (const std::exception&) {
    return {};
  }
  if (links.empty() && !(route.latency_seconds > 0)) return {};
  route.bandwidth_bytes_per_second = std::numeric_limits<double>::infinity();
  for (const s4u::Link* link : links)
    route.bandwidth_bytes_per_second = std::min(route.bandwidth_bytes_per_second, link->get_bandwidth());
  if (framing) route.bandwidth_bytes_per_second *= framing->efficiency();
  return route;
}

/// A checked text that SimGrid reads instead of the file. Its name lives as long as the object.
class TextInMemory {
 public:
  explicit TextInMemory(const std::string& text) : descriptor_(memfd_create("platform", MFD_CLOEXEC)) {
    std::size_t done = 0;
    while (descriptor_ >= 0 && done < text.size()) {
      const ssize_t count = write(descriptor_, text.data() + done, text.size() - done);
      if (count <= 0) break;
      done += static_cast<std::size_t>(count);
    }
    if (done < text.size()) throw RunError(fmt::format("no memory file for the platform: {}", std::strerror(errno)));
  }
  ~TextInMemory() { close(descriptor_); }
  TextInMemory(const TextInMemory&) = delete;
  TextInMemory& operator=(const TextInMemory&) = delete;
  std::string name() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

void load_file(s4u::Engine& engine, const std::string& file) {
  const std::optional<std::string> text = text_for_simgrid(file);
  if (!text) return engine.load_platform(file);
  const TextInMemory in_memory(*text);
  const std::string folder = std::filesystem::path(file).parent_path().string();
  if (!folder.empty()) s4u::Engine::set_config("path", folder);  // where its profiles are
  engine.load_platform(in_memory.name());
}

/// Makes a device the server that the scenario names.
void name_server(Fleet& fleet, s4u::Host*& server, std::vector<s4u::Host*>& devices,
                 std::vector<std::string>& served_by, const std::string& name) {
  if (fleet.server && fleet.server->name == name) return;
  const auto refuse = [&](const std::string& allowed) {
    throw UserError(Mistake{"", 0, fmt::format("server=\"{}\" in <platform>", name), allowed});
  };
  if (fleet.server) refuse(fmt::format("none: {} is the server by the platform file", fleet.server->name));
  const auto found =
      std::find_if(devices.begin(), devices.end(), [&](const s4u::Host* host) { return host->get_name() == name; });
  if (found == devices.end())
    refuse(fmt::format("a host of the platform that is no aggregator, such as {}", devices.front()->get_cname()));
  if (devices.size() == 1) refuse("a platform with at least one more host: a device");
  const auto index = found - devices.begin();
  server = *found;
  fleet.server = fleet.devices[static_cast<std::size_t>(index)];
  fleet.devices.erase(fleet.devices.begin() + index);
  served_by.erase(served_by.begin() + index);
  devices.erase(found);
}

Fleet make_fleet(std::vector<s4u::Host*>& hosts, const PlatformFile& file, const std::string& server_name) {
  std::sort(hosts.begin(), hosts.end(),
            [](const s4u::Host* a, const s4u::Host* b) { return natural_less(a->get_cname(), b->get_cname()); });
  Fleet fleet;
  fleet.network_calibration = file.network_calibration;
  std::vector<Mistake> mistakes;
  s4u::Host* server = nullptr;
  std::vector<s4u::Host*> devices, aggregators;
  std::vector<std::string> served_by;  // per device, the name of its aggregator
  for (s4u::Host* host : hosts) {
    const auto* all = host->get_properties();
    const std::string name = host->get_cname();
    NodeSpec spec = read_node(
        name, host->get_speed(), host->get_core_count(), static_cast<int>(host->get_pstate_count()),
        {all->begin(), all->end()}, file.file, [&](const std::string&) { return file.line_of(name); }, mistakes);
    if (spec.role == NodeSpec::Role::server && !server) {
      fleet.server = std::move(spec.device);
      server = host;
    } else if (spec.role == NodeSpec::Role::aggregator) {
      fleet.aggregators.push_back(std::move(spec.device));
      aggregators.push_back(host);
    } else {
      fleet.devices.push_back(std::move(spec.device));
      devices.push_back(host);
      served_by.push_back(spec.aggregator);
    }
  }
  if (!mistakes.empty()) throw UserError(std::move(mistakes));
  if (!server_name.empty()) name_server(fleet, server, devices, served_by, server_name);
  std::map<std::string, NodeId> node_of;
  for (std::size_t i = 0; i < aggregators.size(); ++i)
    node_of[fleet.aggregators[i].name] = fleet.server_node() + 1 + static_cast<NodeId>(i);
  for (std::size_t i = 0; i < served_by.size(); ++i)
    if (!served_by[i].empty()) fleet.devices[i].aggregator = node_of.at(served_by[i]);
  hosts = std::move(devices);
  if (server) hosts.push_back(server);
  hosts.insert(hosts.end(), aggregators.begin(), aggregators.end());
  return fleet;
}

void set_server_routes(SimGridPlatform& platform, const std::optional<Framing>& framing) {
  if (!platform.fleet.server) return;
  const s4u::Host* server = platform.hosts[static_cast<std::size_t>(platform.fleet.server_node())];
  for (std::size_t i = 0; i < platform.fleet.devices.size(); ++i) {
    platform.fleet.devices[i].from_server = route_between(server, platform.hosts[i], framing);
    platform.fleet.devices[i].to_server = route_between(platform.hosts[i], server, framing);
  }
}

}  // namespace

SimGridPlatform load_platform(const TimingOptions& options, const PlatformFile& file) {
  xbt_log_control_set("root.thresh:critical");
  if (file.framing && options.network == TimingOptions::NetworkModel::lv08)
    throw UserError(Mistake{"", 0, "network=\"LV08\" in <platform>, on a platform with framing=\"tcp\"",
                            "network=\"CM02\": LV08 has an allowance for headers and acknowledgements of its own"});
  SimGridPlatform platform;
  struct sigaction on_interrupt {};  // the engine would put a handler of its own in its place
  sigaction(SIGINT, nullptr, &on_interrupt);
  platform.engine = new s4u::Engine("msfusion");
  sigaction(SIGINT, &on_interrupt, nullptr);
  configure(options.network);
  configure_further(options.simgrid);
  if (file.has_host_power) sg_host_energy_plugin_init();
  try {
    load_file(*platform.engine, file.file);
    platform.engine->seal_platform();
  } catch (const std::exception& error) {
    throw UserError(simgrid_mistake(error.what(), file.file));
  }
  platform.hosts = platform.engine->get_all_hosts();
  apply_background(platform, file);
  platform.fleet = make_fleet(platform.hosts, file, options.server);
  if (options.traces) apply_traces(platform, file, options);
  set_server_routes(platform, file.framing);
  return platform;
}

namespace {

Senders everybody(const Fleet& fleet) {
  Senders senders{true, {}};
  for (NodeId device = 0; fleet.server && device < fleet.size(); ++device)
    senders.pairs.emplace_back(device, fleet.server_node());
  for (NodeId device = 0; device < fleet.size(); ++device)
    if (const std::optional<NodeId> aggregator = fleet.node(device).aggregator) {
      senders.pairs.emplace_back(device, *aggregator);
      senders.pairs.emplace_back(*aggregator, fleet.server_node());
    }
  return senders;
}

}  // namespace

std::vector<Mistake> unreachable_pairs(const SimGridPlatform& platform, const PlatformFile& file,
                                       const TimingOptions& options) {
  constexpr std::size_t kEnough = 20;
  std::vector<Mistake> mistakes;
  std::set<std::pair<NodeId, NodeId>> seen;
  const auto check = [&](NodeId from, NodeId to) {
    if (from == to || mistakes.size() == kEnough || !seen.emplace(from, to).second) return;
    const s4u::Host* source = platform.hosts[static_cast<std::size_t>(from)];
    const s4u::Host* target = platform.hosts[static_cast<std::size_t>(to)];
    if (!route_between(source, target, {}))
      mistakes.push_back({file.file, file.line_of(source->get_cname()),
                          fmt::format("no route from {} to {}", source->get_cname(), target->get_cname()),
                          "a route both ways between nodes that send to each other"});
  };
  const Senders senders = options.senders ? options.senders(platform.fleet) : everybody(platform.fleet);
  const int devices = platform.fleet.size();
  for (NodeId from = 0; senders.all_devices && from < devices; ++from) {
    for (NodeId to = 0; devices <= kFleetForAllPairs && to < devices; ++to) check(from, to);
    for (const NodeId to : {0, (from + 1) % devices}) {
      check(from, to);
      check(to, from);
    }
  }
  for (const auto& [one, other] : senders.pairs) {
    check(one, other);
    check(other, one);
  }
  return mistakes;
}

Mistake simgrid_mistake(const std::string& message, const std::string& file) {
  Mistake mistake{file, 0, message, "what SimGrid accepts as a platform file"};
  // "Parse error at FILE:LINE: MESSAGE"
  static const std::regex pattern("(?:Parse error at )?[^\\s:]*:(\\d+): ([^]*)");
  std::smatch match;
  if (std::regex_search(message, match, pattern)) {
    mistake.line = std::stoi(match[1]);
    mistake.found = match[2];
  }
  if (mistake.found.find("in prolog") != std::string::npos) {
    mistake.allowed = "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\"> before <platform>";
  }
  mistake.found = "SimGrid refuses the file: " + mistake.found;
  while (!mistake.found.empty() && (mistake.found.back() == '\n' || mistake.found.back() == ' '))
    mistake.found.pop_back();
  return mistake;
}

}  // namespace msfusion
