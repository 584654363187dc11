#include "reports/page_fleet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/table.hpp"
#include "sim/record/format.hpp"

namespace msfusion {

namespace {

constexpr std::size_t kMostLinks = 400;
constexpr std::size_t kMostBatteries = 64, kMostBatteryRounds = 90;
constexpr std::size_t kMostSwitches = 4000, kMostSwitchingDevices = 60;

struct LinkUsage {
  double bytes = 0, peak_share = 0;
  std::optional<int> peak_round;
};

}  // namespace

Json joints_json(const std::vector<JointRecord>& joints) {
  Json list = Json::array();
  for (const auto& joint : joints) list.push_back({joint.device, clean_text(joint.link), clean_text(joint.next_link)});
  return list;
}

Json peers_json(const std::vector<PeerRecord>& peers, std::size_t devices) {
  if (peers.empty()) return nullptr;
  const bool complete = peers.size() == devices * (devices - 1) / 2;
  Json edges = Json::array();
  if (!complete)
    for (const auto& pair : peers) edges.push_back({pair.device, pair.peer});
  return {{"complete", complete}, {"count", peers.size()}, {"edges", std::move(edges)}};
}

Json links_json(const StoreReader& store, const std::vector<int>& runs) {
  std::map<std::string, LinkUsage> usage;
  std::map<std::string, LinkRecord> platform;
  double seconds = 0;
  for (const int run : runs) {
    for (auto& link : store.platform_links(run)) platform[link.link] = std::move(link);
    std::map<int, double> lengths;
    for (const auto& round : store.rounds(run)) {
      lengths[round.round] = round.end_seconds - round.start_seconds;
      seconds += lengths[round.round];
    }
    for (const auto& used : store.links(run)) {
      auto& sum = usage[used.link];
      sum.bytes += used.bytes;
      const auto link = platform.find(used.link);
      const double length = lengths[used.round];
      if (link == platform.end() || !(length > 0)) continue;
      const double share = used.bytes / (link->second.bandwidth_bytes_per_second * length);
      if (share > sum.peak_share) {
        sum.peak_share = share;
        sum.peak_round = used.round;
      }
    }
  }
  struct Row {
    const std::string* name;
    const LinkUsage* usage;
    const LinkRecord* link;
    double share;
  };
  std::vector<Row> rows;
  for (const auto& [name, sum] : usage) {
    const auto link = platform.find(name);
    if (link == platform.end()) continue;
    rows.push_back({&name, &sum, &link->second,
                    seconds > 0 ? sum.bytes / (link->second.bandwidth_bytes_per_second * seconds) : 0});
  }
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.share > b.share; });
  const auto all = rows.size();
  if (rows.size() > kMostLinks) rows.resize(kMostLinks);
  Json list = Json::array();
  for (const Row& row : rows)
    list.push_back({{"link", clean_text(*row.name)},
                    {"bandwidth", compact(row.link->bandwidth_bytes_per_second)},
                    {"latency", compact(row.link->latency_seconds)},
                    {"owner", row.link->owner ? Json(*row.link->owner) : Json(nullptr)},
                    {"nodes", row.link->nodes ? Json(*row.link->nodes) : Json(nullptr)},
                    {"bytes", compact(row.usage->bytes / static_cast<double>(runs.size()))},
                    {"share", compact(row.share)},
                    {"peak", compact(row.usage->peak_share)},
                    {"peak_round", row.usage->peak_round ? Json(shown_round(*row.usage->peak_round)) : Json(nullptr)}});
  return {{"all", all}, {"platform", platform.size()}, {"list", std::move(list)}};
}

Json batteries_json(const StoreReader& store, int run, const std::vector<DeviceRecord>& devices,
                    const std::vector<RoundRecord>& rounds) {
  std::map<NodeId, double> capacity;
  for (const auto& device : devices)
    if (device.battery_joules) capacity[device.device] = *device.battery_joules;
  if (capacity.empty()) return nullptr;
  std::map<std::pair<int, NodeId>, double> left;
  for (const auto& battery : store.batteries(run)) left[{battery.round, battery.device}] = battery.joules_left;

  std::vector<NodeId> ids;
  for (const auto& [device, joules] : capacity) ids.push_back(device);
  std::vector<NodeId> shown;
  for (const auto i : evenly(ids.size(), kMostBatteries)) shown.push_back(ids[i]);
  Json numbers = Json::array(), seconds = Json::array(), values = Json::array();
  for (const auto i : evenly(rounds.size(), kMostBatteryRounds)) {
    Json line = Json::array();
    for (const NodeId device : shown) {
      const auto found = left.find({rounds[i].round, device});
      line.push_back(found == left.end() ? Json(nullptr)
                                         : Json(std::round(1e4 * found->second / capacity[device]) / 1e4));
    }
    numbers.push_back(shown_round(rounds[i].round));
    seconds.push_back(compact(rounds[i].end_seconds));
    values.push_back(std::move(line));
  }
  return {{"devices", shown},
          {"all", ids.size()},
          {"rounds", std::move(numbers)},
          {"seconds", std::move(seconds)},
          {"values", std::move(values)}};
}

Json switches_json(const std::map<NodeId, StateEvents>& profiles, double end_seconds) {
  std::vector<NodeId> ids, shown;
  for (const auto& [device, events] : profiles)
    if (const auto times = off_times(events, 0, end_seconds, kMostSwitches); !times || !times->empty())
      ids.push_back(device);
  Json list = Json::array();
  for (const auto i : evenly(ids.size(), kMostSwitchingDevices)) {
    // Whole or not at all: a part would look like being on.
    const auto times = off_times(profiles.at(ids[i]), 0, end_seconds, kMostSwitches);
    if (!times || list.size() + 2 * times->size() > kMostSwitches) continue;
    shown.push_back(ids[i]);
    for (const auto& [from, to] : *times) {
      list.push_back({ids[i], compact(from), 0});
      if (to < end_seconds) list.push_back({ids[i], compact(to), 1});
    }
  }
  return {{"all", ids.size()}, {"devices", shown}, {"list", std::move(list)}};
}

}  // namespace msfusion
