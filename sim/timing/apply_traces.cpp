#include "sim/timing/apply_traces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <simgrid/kernel/ProfileBuilder.hpp>

#include "sim/base/error.hpp"
#include "sim/base/median.hpp"

namespace msfusion {

namespace s4u = simgrid::s4u;
using simgrid::kernel::profile::ProfileBuilder;

namespace {

constexpr double kBitsPerByte = 8;

simgrid::kernel::profile::Profile* simgrid_profile(const std::string& name, const Profile& profile) {
  std::string text;
  for (const Profile::Event& event : profile.events) text += fmt::format("{} {}\n", event.date_seconds, event.value);
  return ProfileBuilder::from_string(name, text, *profile.period_seconds);
}

// A device's own links: the first of its way out, and the last of the way in.
struct Line {
  s4u::Link* up = nullptr;
  s4u::Link* down = nullptr;
};

class Lines {
 public:
  explicit Lines(const SimGridPlatform& platform) : platform_(platform) {}

  Line of(NodeId device) {
    const std::size_t other =
        platform_.fleet.server ? static_cast<std::size_t>(platform_.fleet.server_node()) : (device == 0 ? 1 : 0);
    const s4u::Host* own = platform_.hosts[static_cast<std::size_t>(device)];
    if (other >= platform_.hosts.size()) refuse(device, "is alone: there is no way whose first link could be its line");
    std::vector<s4u::Link*> out, in;
    own->route_to(platform_.hosts[other], out, nullptr);
    platform_.hosts[other]->route_to(own, in, nullptr);
    if (out.empty() || in.empty()) refuse(device, "has no link of its own");
    const Line line{out.front(), in.back()};
    for (s4u::Link* link : {line.up, line.down}) {
      const auto [known, is_new] = owners_.emplace(link, device);
      if (!is_new && known->second != device)
        refuse(device, fmt::format("shares its first link {} with {}", link->get_name(), name_of(known->second)));
    }
    return line;
  }

  [[noreturn]] void refuse(NodeId device, const std::string& found) const {
    throw UserError(Mistake{"", 0, fmt::format("a trace of lines, but device {} {}", name_of(device), found),
                            "a platform in which each device has a link of its own"});
  }

 private:
  const std::string& name_of(NodeId device) const { return platform_.fleet.node(device).name; }

  const SimGridPlatform& platform_;
  std::map<const s4u::Link*, NodeId> owners_;
};

void set_lines(Lines& lines, NodeId device, const TraceRow& row) {
  if (!row.down_bps && !row.up_bps) return;
  const Line line = lines.of(device);
  const double down = row.down_bps.value_or(line.down->get_bandwidth() * kBitsPerByte),
               up = row.up_bps.value_or(line.up->get_bandwidth() * kBitsPerByte);
  if (line.up == line.down && down != up)
    lines.refuse(device,
                 fmt::format("has one link for both directions, and its trace {} bit/s down and {} up", down, up));
  line.down->set_bandwidth(down / kBitsPerByte);
  line.up->set_bandwidth(up / kBitsPerByte);
}

// Speed and memory bandwidth as ratios to the fleet's medians.
void set_speed(SimGridPlatform& platform, NodeId device, double ratio, double median_speed,
               std::optional<double> median_bandwidth) {
  Device& host = platform.fleet.devices[static_cast<std::size_t>(device)];
  const double speed = median_speed * ratio;
  platform.work_factors[static_cast<std::size_t>(device)] = host.speed_flops / speed;
  host.speed_flops = speed;
  if (host.memory_bandwidth && median_bandwidth) host.memory_bandwidth = *median_bandwidth * ratio;
}

void set_presence(SimGridPlatform& platform, NodeId device, const DeviceTraces& traces, const TraceRow& row,
                  bool pauses) {
  const Profile profile = state_profile(traces.intervals_of(row), *row.period_seconds);
  if (profile.events.empty()) return;
  s4u::Host* host = platform.hosts[static_cast<std::size_t>(device)];
  platform.trace_states.push_back({host->get_name(), profile});
  if (!pauses) host->set_state_profile(simgrid_profile(fmt::format("presence of {}", host->get_name()), profile));
}

}  // namespace

void apply_background(SimGridPlatform& platform, const PlatformFile& file) {
  for (const auto& [name, background] : file.backgrounds)
    for (const char* half : {"", "_UP", "_DOWN"}) {
      s4u::Link* link = platform.engine->link_by_name_or_null(name + half);
      if (!link) continue;
      if (background.is_constant())
        link->set_bandwidth(link->get_bandwidth() * (1 - background.share));
      else
        platform.link_series.push_back({link, &background.left, link->get_bandwidth()});
    }
}

void apply_traces(SimGridPlatform& platform, const PlatformFile& file, const TimingOptions& options) {
  const Traces& traces = *options.traces;
  Lines lines(platform);
  const int devices = platform.fleet.size();
  if (traces.devices) {
    const DeviceTraces& recorded = *traces.devices;
    if (recorded.has_availability)
      for (const StateProfile& state : file.states)
        if (!state.host.empty())
          throw UserError(Mistake{
              "", 0,
              fmt::format("availability in <platform>, but the platform file has a state profile of {}", state.host),
              "one of both"});
    std::vector<double> speeds, bandwidths;
    for (const Device& device : platform.fleet.devices) {
      speeds.push_back(device.speed_flops);
      if (device.memory_bandwidth) bandwidths.push_back(*device.memory_bandwidth);
    }
    const double median_speed = median(speeds);
    const auto median_bandwidth = bandwidths.empty() ? std::optional<double>() : median(bandwidths);
    if (recorded.median_compute_ms) platform.work_factors.resize(static_cast<std::size_t>(devices), 1);
    for (NodeId device = 0; device < devices; ++device) {
      const TraceRow& row = recorded.row_of(device, options.seed);
      if (row.compute_ms)
        set_speed(platform, device, *recorded.median_compute_ms / *row.compute_ms, median_speed, median_bandwidth);
      set_lines(lines, device, row);
      if (recorded.has_availability) set_presence(platform, device, recorded, row, traces.pauses);
    }
  }
  if (!traces.bandwidth) return;
  for (NodeId device = 0; device < devices; ++device) {
    const Line line = lines.of(device);
    platform.link_series.push_back({line.up, &*traces.bandwidth, 1 / kBitsPerByte});
    if (line.down != line.up) platform.link_series.push_back({line.down, &*traces.bandwidth, 1 / kBitsPerByte});
  }
}

}  // namespace msfusion
