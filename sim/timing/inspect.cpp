#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <system_error>

#include "sim/base/processes.hpp"
#include "sim/timing/simgrid_platform.hpp"

namespace msfusion {

namespace {

using Json = nlohmann::json;

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

std::optional<double> optional_number(const Json& json) {
  return json.is_null() ? std::nullopt : std::optional<double>(json.get<double>());
}

Json route_json(const std::optional<Route>& route) {
  if (!route) return Json();
  return Json::array({route->latency_seconds, route->bandwidth_bytes_per_second});
}

std::optional<Route> route_from(const Json& json) {
  if (json.is_null()) return std::nullopt;
  // JSON has no infinity: a route without links has a bandwidth of null.
  const double bandwidth = json.at(1).is_null() ? std::numeric_limits<double>::infinity() : json.at(1).get<double>();
  return Route{json.at(0), bandwidth};
}

Json roofline_json(const Roofline& roofline) {
  Json figures = Json::array();
  for (const RooflineFigure& figure : roofline_figures()) figures.push_back(roofline.*figure.value);
  return figures;
}

void read_roofline(const Json& json, Roofline& roofline) {
  for (std::size_t i = 0; i < roofline_figures().size(); ++i)
    roofline.*roofline_figures()[i].value = json.at(i).get<double>();
}

Json device_json(const Device& device) {
  return Json::array({device.name, device.kind, device.speed_flops, optional_json(device.memory_bytes),
                      optional_json(device.memory_bandwidth), roofline_json(device),
                      optional_json(device.price_usd_per_hour), optional_json(device.price_usd_per_gb),
                      optional_json(device.split), device.has_power, optional_json(device.battery_joules),
                      optional_json(device.grams_co2_per_kwh), optional_json(device.training_watts),
                      optional_json(device.aggregator), route_json(device.from_server), route_json(device.to_server),
                      device.calibration});
}

Device device_from(const Json& json) {
  Device device;
  device.name = json.at(0);
  device.kind = json.at(1);
  device.speed_flops = json.at(2);
  device.memory_bytes = optional_number(json.at(3));
  device.memory_bandwidth = optional_number(json.at(4));
  read_roofline(json.at(5), device);
  device.price_usd_per_hour = optional_number(json.at(6));
  device.price_usd_per_gb = optional_number(json.at(7));
  device.split = optional_number(json.at(8));
  device.has_power = json.at(9);
  device.battery_joules = optional_number(json.at(10));
  device.grams_co2_per_kwh = optional_number(json.at(11));
  device.training_watts = optional_number(json.at(12));
  if (!json.at(13).is_null()) device.aggregator = json.at(13).get<NodeId>();
  device.from_server = route_from(json.at(14));
  device.to_server = route_from(json.at(15));
  device.calibration = json.at(16);
  return device;
}

Json mistakes_json(const std::vector<Mistake>& mistakes) {
  Json json = Json::array();
  for (const Mistake& mistake : mistakes) {
    json.push_back({mistake.file, mistake.line, mistake.found, mistake.allowed});
  }
  return json;
}

/// What the child finds out: {"devices": [..], "server": .., "aggregators": [..]} or {"mistakes": [..]}.
Json load_and_describe(const TimingOptions& options, const PlatformFile& file) {
  try {
    const SimGridPlatform platform = load_platform(options, file);
    const std::vector<Mistake> mistakes = unreachable_pairs(platform, file, options);
    if (!mistakes.empty()) return {{"mistakes", mistakes_json(mistakes)}};
    Json devices = Json::array();
    for (const Device& device : platform.fleet.devices) devices.push_back(device_json(device));
    Json aggregators = Json::array();
    for (const Device& aggregator : platform.fleet.aggregators) aggregators.push_back(device_json(aggregator));
    return {{"devices", devices},
            {"server", platform.fleet.server ? device_json(*platform.fleet.server) : Json()},
            {"aggregators", aggregators}};
  } catch (const UserError& error) {
    return {{"mistakes", mistakes_json(error.mistakes())}};
  }
}

struct TemporaryFile {
  std::FILE* stream = std::tmpfile();
  TemporaryFile() {
    if (!stream) throw RunError(fmt::format("no temporary file: {}", std::strerror(errno)));
  }
  ~TemporaryFile() { std::fclose(stream); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  std::string read() const {
    std::string text;
    std::rewind(stream);
    char buffer[65536];
    for (std::size_t count; (count = std::fread(buffer, 1, sizeof buffer, stream)) > 0;) text.append(buffer, count);
    return text;
  }
};

constexpr const char* kMarker = "CRITICAL] ";  // of SimGrid's log

/// The sentence in SimGrid's last words, without the log's prefix and the backtrace; empty if there was none.
std::string last_words(const std::string& log) {
  const std::size_t marker = log.find(kMarker);
  if (marker == std::string::npos) return "";
  const std::size_t begin = marker + std::strlen(kMarker);
  return log.substr(begin, log.find('\n', begin) - begin);
}

ProcessEnd load_in_child(const std::function<int()>& work) {
  pid_t child = 0;
  try {
    child = start_process(work);
  } catch (const std::system_error& error) {
    throw RunError(fmt::format("cannot start a process: {}", error.code().message()));
  }
  try {
    return wait_for(child);
  } catch (const std::system_error& error) {
    throw RunError(fmt::format("lost the process that loads the platform: {}", error.code().message()));
  }
}

}  // namespace

Fleet inspect_platform(const TimingOptions& options) {
  const PlatformFile file = read_platform_file(options.platform_file);
  // Files rather than pipes: neither side ever waits for the other to read.
  const TemporaryFile answer, log;
  const ProcessEnd end = load_in_child([&] {
    dup2(fileno(log.stream), STDERR_FILENO);
    dup2(fileno(log.stream), STDOUT_FILENO);
    try {
      const std::string text = load_and_describe(options, file).dump(-1, ' ', true, Json::error_handler_t::replace);
      std::fwrite(text.data(), 1, text.size(), answer.stream);
      return std::fflush(answer.stream) == 0 ? 0 : 1;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s%s\n", kMarker, error.what());
      return 1;
    }
  });
  if (!end.succeeded()) {
    std::string words = last_words(log.read());
    if (words.empty()) {
      words = end.signal != 0 ? fmt::format("SimGrid ended with {}", strsignal(end.signal))
                              : "SimGrid ended without a word";
    }
    throw UserError(simgrid_mistake(words, options.platform_file));
  }
  const Json json = Json::parse(answer.read());
  if (json.contains("mistakes")) {
    std::vector<Mistake> mistakes;
    for (const Json& entry : json.at("mistakes")) {
      mistakes.push_back({entry.at(0), entry.at(1), entry.at(2), entry.at(3)});
    }
    throw UserError(std::move(mistakes));
  }
  Fleet fleet;
  fleet.network_calibration = file.network_calibration;
  for (const Json& device : json.at("devices")) fleet.devices.push_back(device_from(device));
  for (const Json& aggregator : json.at("aggregators")) fleet.aggregators.push_back(device_from(aggregator));
  if (!json.at("server").is_null()) fleet.server = device_from(json.at("server"));
  return fleet;
}

}  // namespace msfusion
