// `msfusion platform`: writes a platform file for a mix of devices and links of the catalogue.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <sstream>

#include "reports/export.hpp"
#include "sim/base/error.hpp"
#include "sim/base/resources.hpp"
#include "sim/base/units.hpp"
#include "sim/platform/platform_generator.hpp"
#include "tools/commands/commands.hpp"
#include "tools/commands/new_questions.hpp"

namespace msfusion {

namespace {

double seconds_of(const char* option, const std::string& text) {
  const auto seconds = parse_quantity(text, Quantity::seconds);
  if (seconds && *seconds > 0) return *seconds;
  throw UserError(Mistake{option, 0, fmt::format("\"{}\"", text),
                          "a time above 0 with one of the units " + allowed_units(Quantity::seconds)});
}

Churn churn_of(const std::string& kind, const std::string& on, const std::string& off) {
  Churn churn;
  if (kind == "exponential") churn.kind = Churn::Kind::exponential;
  if (kind == "diurnal") churn.kind = Churn::Kind::diurnal;
  if (churn.kind == Churn::Kind::none) return churn;
  churn.on_seconds = seconds_of("--on", on);
  if (churn.kind == Churn::Kind::exponential) churn.off_seconds = seconds_of("--off", off);
  return churn;
}

[[noreturn]] void refuse_part(const std::string& text, const std::string& why) {
  throw UserError(Mistake{"--part", 0, fmt::format("\"{}\"{}", text, why),
                          "[COUNT or SHARE%] DEVICE on LINK [in REGION] [split RATE] [churn none, exponential or "
                          "diurnal], e.g. \"40% old-phone on 4g in germany\"; see msfusion list devices"});
}

// What follows the link, a word and its value each.
void parse_option(FleetPart& part, const std::string& word, const std::string& value, const PlatformCommand& command,
                  const std::string& text) {
  if (word == "in") {
    part.region = value;
  } else if (word == "split") {
    part.split = parse_share(value);
    if (!part.split || !(*part.split > 0 && *part.split <= 1)) refuse_part(text, ": split " + value + " is no rate");
  } else if (word == "churn" && (value == "none" || value == "exponential" || value == "diurnal")) {
    part.churn = churn_of(value, command.on, command.off);
  } else {
    refuse_part(text, fmt::format(": \"{} {}\"", word, value));
  }
}

// "5 old-phone on 4g", "40% old-phone on 4g in germany"; without a number a share of 1, relative to the others'.
FleetPart parse_part(const std::string& text, const PlatformCommand& command) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  if (words.size() > 1 && words[1] == "on") words.insert(words.begin(), "100%");
  if (words.size() < 4 || words.size() % 2 != 0 || words[2] != "on") refuse_part(text, "");
  FleetPart part{words[1], words[3], 1};
  if (words[0].back() == '%') {
    const auto share = parse_number(words[0].substr(0, words[0].size() - 1));
    if (!share || *share <= 0) refuse_part(text, ": no share above 0");
    part.share = *share;
  } else {
    const auto count = parse_integer(words[0]);
    if (!count || *count < 1 || *count > 1'000'000) refuse_part(text, ": no count (a share has a %)");
    part.count = static_cast<int>(*count);
  }
  for (std::size_t i = 4; i < words.size(); i += 2) parse_option(part, words[i], words[i + 1], command, text);
  return part;
}

// Where every part says how many, these are the fleet.
int fleet_size(const PlatformCommand& command, const std::vector<FleetPart>& parts) {
  constexpr int kUsual = 10;
  const bool all_counted = std::all_of(parts.begin(), parts.end(), [](const FleetPart& part) { return part.count; });
  std::int64_t sum = 0;
  for (const FleetPart& part : parts) sum += part.count.value_or(0);
  if (command.devices || !all_counted) return command.devices.value_or(kUsual);
  return static_cast<int>(std::min<std::int64_t>(sum, std::numeric_limits<int>::max()));
}

std::string or_dash(const std::optional<double>& value, Quantity quantity) {
  return value ? human(*value, quantity) : "-";
}

}  // namespace

std::string platform_text(const PlatformCommand& command) {
  Catalogue catalogue = read_catalogue(resource_file("platforms/catalogue.xml"));
  for (const std::string& file : command.devices_files) {
    const Catalogue further = read_catalogue(file);
    catalogue.devices.insert(catalogue.devices.end(), further.devices.begin(), further.devices.end());
    catalogue.links.insert(catalogue.links.end(), further.links.begin(), further.links.end());
    if (further.network && catalogue.network)
      throw UserError(Mistake{file, 0, "a second <network>", "one <network> in all files together"});
    if (further.network) catalogue.network = further.network;
  }
  FleetMix mix;
  for (const std::string& part : command.parts) mix.parts.push_back(parse_part(part, command));
  mix.devices = fleet_size(command, mix.parts);
  mix.server = command.server == "none" ? "" : command.server;
  mix.aggregator = command.aggregator;
  mix.backhaul = command.backhaul;
  if (command.per_cell >= 0) mix.devices_per_cell = command.per_cell;
  mix.spread = command.spread;
  mix.seed = command.seed;
  mix.churn = churn_of(command.churn, command.on, command.off);
  return generate_platform(catalogue, mix);
}

int make_platform(const PlatformCommand& command) {
  const std::string text = platform_text(command);
  if (command.out.empty()) {
    fmt::print("{}", text);
  } else {
    write_file(command.out, text);
  }
  return 0;
}

void list_devices() {
  const Catalogue catalogue = read_catalogue(resource_file("platforms/catalogue.xml"));
  fmt::print("{:<16} {:>12} {:>9} {:>10} {:>9} {:>7} {:>7} {:>9} {:>10}\n", "device", "speed", "memory", "bandwidth",
             "overhead", "idle", "busy", "battery", "USD/h");
  for (const DeviceKind& device : catalogue.devices)
    fmt::print("{:<16} {:>12} {:>9} {:>10} {:>9} {:>7} {:>7} {:>9} {:>10}\n", device.name,
               human(device.speed_flops, Quantity::flops_per_second), human(device.memory_bytes, Quantity::bytes),
               human(device.memory_bandwidth, Quantity::bytes_per_second),
               human(device.step_overhead_seconds, Quantity::seconds), or_dash(device.idle_watts, Quantity::watts),
               or_dash(device.busy_watts, Quantity::watts), or_dash(device.battery_joules, Quantity::joules),
               device.price_usd_per_hour ? fmt::format("{:.4g}", *device.price_usd_per_hour) : "-");
  fmt::print("\n{:<16} {:>12} {:>12} {:>9}  {}\n", "link", "down", "up", "latency", "shared by");
  for (const LinkKind& link : catalogue.links)
    fmt::print(
        "{:<16} {:>12} {:>12} {:>9}  {}\n", link.name, human(link.down_bytes_per_second, Quantity::bytes_per_second),
        human(link.up_bytes_per_second, Quantity::bytes_per_second), human(link.latency_seconds, Quantity::seconds),
        link.cell ? fmt::format("{} devices: {}", link.cell->devices,
                                human(link.cell->bytes_per_second, Quantity::bytes_per_second))
                  : "nobody");
  fmt::print("\n{:<16} {:>12}\n", "region", "gCO2/kWh");
  for (const Region& region : catalogue.regions)
    fmt::print("{:<16} {:>12.4g}\n", region.name, region.grams_co2_per_kwh);
  fmt::print("\nEvery figure's source: platforms/catalogue.xml. A fleet of them: msfusion platform --help\n");
}

}  // namespace msfusion
