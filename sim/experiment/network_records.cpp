#include "sim/experiment/network_records.hpp"

#include <algorithm>

#include "sim/base/error.hpp"
#include "sim/plan/network_map.hpp"

namespace msfusion {

namespace {

constexpr int kMostMappedDevices = 1000;
constexpr const char* kLoopback = "__loopback__";  // SimGrid's own, of no platform

void add_map(const Timing& timing, int run, NetworkRecords& records) {
  const Fleet& fleet = timing.fleet();
  const NetworkMap map =
      map_network(fleet.size(), fleet.nodes(), static_cast<int>(records.links.size()),
                  [&](NodeId from, NodeId to) -> std::optional<std::vector<int>> {
                    try {
                      return timing.route(from, to).links;
                    } catch (const RunError&) {  // devices that only ever talk to a server need no way to each other
                      return std::nullopt;
                    }
                  });
  for (std::size_t link = 0; link < map.links.size(); ++link) {
    records.links[link].owner = map.links[link].owner;
    records.links[link].nodes = map.links[link].nodes;
  }
  const auto name = [&](int link) {
    return link < 0 ? std::string() : records.links[static_cast<std::size_t>(link)].link;
  };
  for (const NetworkMap::Joint& joint : map.joints)
    records.joints.push_back({run, joint.device, name(joint.link), name(joint.next_link)});
}

}  // namespace

NetworkRecords network_records(int run, const Timing& timing) {
  NetworkRecords records;
  for (const LinkInfo& link : timing.links())
    records.links.push_back(
        {run, link.name, link.bandwidth_bytes_per_second, link.latency_seconds, std::nullopt, std::nullopt});
  if (timing.fleet().size() <= kMostMappedDevices) add_map(timing, run, records);
  records.links.erase(std::remove_if(records.links.begin(), records.links.end(),
                                     [](const LinkRecord& link) { return link.link == kLoopback; }),
                      records.links.end());
  return records;
}

}  // namespace msfusion
