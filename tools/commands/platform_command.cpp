// `msfusion platform`: writes a platform file for a mix of devices and links of the catalogue.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "reports/export.hpp"
#include "sim/base/error.hpp"
#include "sim/base/resources.hpp"
#include "sim/base/units.hpp"
#include "sim/platform/platform_generator.hpp"
#include "tools/commands/commands.hpp"

namespace msfusion {

namespace {

// "40% old-phone on 4g in germany"; the share may have a percent sign or none, and is 1 where it is left out.
FleetPart parse_part(const std::string& text) {
  const auto refuse = [&] {
    return UserError(Mistake{
        "--part", 0, fmt::format("\"{}\"", text),
        "[SHARE] DEVICE on LINK [in REGION], e.g. \"40% old-phone on 4g in germany\"; see msfusion list devices"});
  };
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  std::string region;
  if (words.size() > 4 && words[words.size() - 2] == "in") {
    region = words.back();
    words.resize(words.size() - 2);
  }
  if (words.size() == 3) words.insert(words.begin(), "1");
  if (words.size() != 4 || words[2] != "on") throw refuse();
  if (words[0].back() == '%') words[0].pop_back();
  const auto share = parse_number(words[0]);
  if (!share || *share <= 0) throw refuse();
  return {words[1], words[3], *share, region};
}

double seconds_of(const char* option, const std::string& text) {
  const auto seconds = parse_quantity(text, Quantity::seconds);
  if (seconds && *seconds > 0) return *seconds;
  throw UserError(Mistake{option, 0, fmt::format("\"{}\"", text),
                          "a time above 0 with one of the units " + allowed_units(Quantity::seconds)});
}

Churn parse_churn(const PlatformCommand& command) {
  Churn churn;
  if (command.churn == "exponential") churn.kind = Churn::Kind::exponential;
  if (command.churn == "diurnal") churn.kind = Churn::Kind::diurnal;
  if (churn.kind == Churn::Kind::none) return churn;
  churn.on_seconds = seconds_of("--on", command.on);
  if (churn.kind == Churn::Kind::exponential) churn.off_seconds = seconds_of("--off", command.off);
  return churn;
}

std::string or_dash(const std::optional<double>& value, Quantity quantity) {
  return value ? human(*value, quantity) : "-";
}

}  // namespace

int make_platform(const PlatformCommand& command) {
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
  mix.devices = command.devices;
  for (const std::string& part : command.parts) mix.parts.push_back(parse_part(part));
  mix.server = command.server == "none" ? "" : command.server;
  mix.aggregator = command.aggregator;
  mix.backhaul = command.backhaul;
  if (command.per_cell >= 0) mix.devices_per_cell = command.per_cell;
  mix.spread = command.spread;
  mix.seed = command.seed;
  mix.churn = parse_churn(command);
  const std::string text = generate_platform(catalogue, mix);
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
