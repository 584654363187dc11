#include "sim/platform/device_traces.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "sim/base/error.hpp"
#include "sim/base/median.hpp"
#include "sim/base/seed.hpp"
#include "sim/platform/csv_lines.hpp"

namespace msfusion {

namespace {

using Problem = std::optional<std::pair<std::string, std::string>>;
using Places = std::unordered_map<std::string, std::size_t>;  // of rows, by the device's name in the files

constexpr std::size_t kMostRows = 10'000'000;

void read_devices(const std::string& file, DeviceTraces& traces, Places& places) {
  read_csv_lines(
      file, {"device", "period_s", "compute_ms", "down_bps", "up_bps", "model"}, {},
      [&](const CsvLine& line) -> Problem {
        if (traces.rows.size() == kMostRows) return {{"too many devices", "at most 10 million"}};
        if (!places.emplace(std::string(line.fields[0]), traces.rows.size()).second)
          return {{fmt::format("device \"{}\" for the second time", line.fields[0]), "a line for each device"}};
        TraceRow row;
        std::optional<double>* figures[] = {&row.period_seconds, &row.compute_ms, &row.down_bps, &row.up_bps};
        static constexpr const char* kNames[] = {"period_s", "compute_ms", "down_bps", "up_bps"};
        for (std::size_t i = 0; i < 4; ++i) {
          const std::string_view text = line.fields[i + 1];
          if (text.empty()) continue;
          *figures[i] = csv_number(text);
          if (!*figures[i] || !(**figures[i] > 0))
            return {{fmt::format("{} \"{}\"", kNames[i], text), "a number above 0, or nothing: unknown"}};
        }
        traces.rows.push_back(row);
        return {};
      });
}

class AvailabilityReader {
 public:
  AvailabilityReader(DeviceTraces& traces, Places& places, bool has_devices)
      : traces_(traces), places_(places), has_devices_(has_devices) {}

  void comment(std::string_view text) {
    constexpr std::string_view kPeriod = "period_s:";
    const std::size_t at = text.find(kPeriod);
    if (at == std::string_view::npos) return;
    std::string_view number = text.substr(at + kPeriod.size());
    while (!number.empty() && number.front() == ' ') number.remove_prefix(1);
    common_period_ = csv_number(number.substr(0, number.find(' ')));
  }

  Problem line(const CsvLine& line) {
    if (line.fields[0] != name_)
      if (Problem problem = begin(line.fields[0])) return problem;
    TraceRow& row = traces_.rows[place_];
    const auto on = csv_number(line.fields[1]), off = csv_number(line.fields[2]);
    if (!on || !off || *on >= *off)
      return {{fmt::format("on_s \"{}\", off_s \"{}\"", line.fields[1], line.fields[2]), "0 <= on_s < off_s"}};
    if (row.count > 0 && *on <= traces_.intervals.back().off_seconds)
      return {{fmt::format("on_s {} after off_s {}", *on, traces_.intervals.back().off_seconds),
               "intervals of a device sorted and apart from each other"}};
    if (*off > row.period_seconds.value_or(*off))
      return {{fmt::format("off_s {} behind the device's period of {} s", *off, *row.period_seconds),
               "an interval within the period"}};
    traces_.intervals.push_back({*on, *off});
    ++row.count;
    return {};
  }

 private:
  Problem begin(std::string_view name) {
    auto place = places_.find(std::string(name));
    if (place == places_.end() && has_devices_)
      return {{fmt::format("device \"{}\", which the file of devices does not have", name), "a device of that file"}};
    if (place == places_.end()) {
      place = places_.emplace(std::string(name), traces_.rows.size()).first;
      traces_.rows.emplace_back();
    } else if (traces_.rows[place->second].count > 0) {
      return {
          {fmt::format("device \"{}\" again, after others", name), "the intervals of a device one after the other"}};
    }
    name_ = name;
    place_ = place->second;
    TraceRow& row = traces_.rows[place_];
    if (!row.period_seconds) row.period_seconds = common_period_;
    if (!row.period_seconds)
      return {{fmt::format("device \"{}\" without a period", name),
               "period_s in the file of devices, or a comment \"# period_s: 604800\" at the head of this file"}};
    row.first = traces_.intervals.size();
    return {};
  }

  DeviceTraces& traces_;
  Places& places_;
  bool has_devices_;
  std::string name_;
  std::size_t place_ = 0;
  std::optional<double> common_period_;
};

}  // namespace

const TraceRow& DeviceTraces::row_of(NodeId device, std::uint64_t seed) const {
  const std::uint64_t first = derive_seed(seed, Purpose::platform) % rows.size();
  return rows[static_cast<std::size_t>((first + static_cast<std::uint64_t>(device)) % rows.size())];
}

std::vector<OnInterval> DeviceTraces::intervals_of(const TraceRow& row) const {
  const auto begin = intervals.begin() + static_cast<std::ptrdiff_t>(row.first);
  return {begin, begin + static_cast<std::ptrdiff_t>(row.count)};
}

DeviceTraces read_device_traces(const std::string& devices_file, const std::string& availability_file) {
  DeviceTraces traces;
  Places places;
  if (!devices_file.empty()) read_devices(devices_file, traces, places);
  if (!availability_file.empty()) {
    traces.has_availability = true;
    AvailabilityReader reader(traces, places, !devices_file.empty());
    read_csv_lines(
        availability_file, {"device", "on_s", "off_s"}, [&](std::string_view text) { reader.comment(text); },
        [&](const CsvLine& line) { return reader.line(line); });
    for (const auto& [name, place] : places)
      if (traces.rows[place].count == 0)
        throw UserError(Mistake{availability_file, 0, fmt::format("no interval of device \"{}\"", name),
                                "one at least for each device: one that never is there takes no part"});
  }
  if (traces.rows.empty())
    throw UserError(Mistake{availability_file.empty() ? devices_file : availability_file, 0, "no device",
                            "a line for each device"});
  std::vector<double> computing;
  for (const TraceRow& row : traces.rows)
    if (row.compute_ms) computing.push_back(*row.compute_ms);
  if (!computing.empty()) traces.median_compute_ms = median(std::move(computing));
  return traces;
}

Profile state_profile(const std::vector<OnInterval>& intervals, double period_seconds) {
  Profile profile;
  profile.period_seconds = period_seconds;
  const bool goes_on = intervals.front().on_seconds == 0 && intervals.back().off_seconds == period_seconds;
  if (goes_on && intervals.size() == 1) return profile;
  if (intervals.front().on_seconds > 0) profile.events.push_back({0, 0});
  for (const OnInterval& interval : intervals) {
    profile.events.push_back({interval.on_seconds, 1});
    // What ends with the period goes on in the next one, or is off there by its first event.
    if (interval.off_seconds < period_seconds) profile.events.push_back({interval.off_seconds, 0});
  }
  return profile;
}

std::vector<OnInterval> on_intervals(const Profile& profile) {
  if (profile.events.empty()) return {{0, *profile.period_seconds}};
  std::vector<OnInterval> intervals;
  for (const Profile::Event& event : profile.events) {
    if (event.value > 0)
      intervals.push_back({event.date_seconds, *profile.period_seconds});
    else if (!intervals.empty())
      intervals.back().off_seconds = event.date_seconds;
  }
  return intervals;
}

}  // namespace msfusion
