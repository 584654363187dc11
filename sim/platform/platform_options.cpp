#include "sim/platform/platform_options.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <regex>
#include <sstream>

namespace msfusion {

namespace {

namespace fs = std::filesystem;
using Network = PlatformOptions::Network;

constexpr std::array<Choice<Network>, 2> kNetworks{{
    {Network::cm02, "CM02", "latency + bytes / bandwidth"},
    {Network::lv08, "LV08", "calibrated for TCP"},
}};

constexpr std::array<Choice<PlatformOptions::Offline>, 2> kOffline{{
    {PlatformOptions::Offline::lose, "lose", "its work is lost"},
    {PlatformOptions::Offline::pause, "pause", "its work goes on when it is back"},
}};

constexpr std::array<Choice<PriceOptions::Counted>, 2> kCounted{{
    {PriceOptions::Counted::payload, "payload", "the messages alone"},
    {PriceOptions::Counted::wire, "wire", "frames, headers and acknowledgements"},
}};

/// KEY:VALUE, separated by blanks, as SimGrid's programs take them after --cfg=.
TypeOf<std::vector<std::string>> simgrid_settings() {
  TypeOf<std::vector<std::string>> type;
  type.name = "simgrid-settings";
  type.allowed = "KEY:VALUE, separated by blanks, e.g. network/crosstraffic:yes";
  type.schema =
      "<xs:restriction base=\"xs:string\"><xs:pattern value=\"\\s*([A-Za-z][A-Za-z0-9/_\\-]*:[^\\s:]\\S*"
      "(\\s+[A-Za-z][A-Za-z0-9/_\\-]*:[^\\s:]\\S*)*)?\\s*\"/></xs:restriction>";
  type.parse = [](const std::string& text) -> std::optional<std::vector<std::string>> {
    static const std::regex setting("[A-Za-z][A-Za-z0-9/_-]*:[^:].*");
    std::vector<std::string> all;
    std::istringstream in(text);
    for (std::string one; in >> one;) {
      if (one.size() > 1000 || !std::regex_match(one, setting)) return {};
      all.push_back(one);
    }
    return all;
  };
  type.write = [](const std::vector<std::string>& all) {
    std::string text;
    for (const std::string& one : all) text += (text.empty() ? "" : " ") + one;
    return text;
  };
  return type;
}

void check(const PlatformOptions& platform, GivenAttributes& given) {
  std::error_code error;
  for (const auto& [name, path] :
       {std::pair{"devices", platform.devices_file}, std::pair{"availability", platform.availability_file},
        std::pair{"bandwidth", platform.bandwidth_file}, std::pair{"carbon", platform.carbon_file},
        std::pair{"tariff", platform.tariff_file}})
    if (given.has(name) && !given.refused(name) && !fs::is_regular_file(path, error))
      given.object(name, given.quote(name) + ": there is no file " + path, "the path of a trace as CSV");
  if (!given.has("file") || given.refused("file")) return;
  if (!fs::exists(platform.file, error))
    given.object("file", given.quote("file") + ": there is no " + platform.file, "the path of a SimGrid platform file");
  else if (fs::is_directory(platform.file, error))
    given.object("file", given.quote("file") + ": " + platform.file + " is a folder",
                 "the path of a SimGrid platform file");
}

}  // namespace

bool changes_simulated_time(const std::string& setting) {
  static constexpr std::array kModels{"network", "cpu", "host", "disk", "surf", "maxmin", "precision", "bmf", "smpi"};
  const std::string group = setting.substr(0, setting.find_first_of("/:"));
  return std::find(kModels.begin(), kModels.end(), group) != kModels.end();
}

const Vocabulary<PlatformOptions>& platform_vocabulary() {
  using P = PlatformOptions;
  static const Vocabulary<P> all{
      {
          attribute<P>("file", &P::file, path(), "The platform file.", "To ask the same question about another fleet.")
              .is_required(),
          attribute<P>("server", &P::server, line_up_to(255),
                       "The host that is the server, in a file where none has the property role=\"server\".",
                       "For a platform file that you do not want to edit, such as a cluster.")
              .absent("the host with role=\"server\""),
          attribute<P>(
              "network", &P::network, one_of_table("network-model", kNetworks),
              "SimGrid's network model. CM02: latency + bytes / bandwidth, which can be checked by hand. LV08: "
              "calibrated for TCP (latency x 13.01, bandwidth x 0.97).",
              "Take LV08 for transfers over TCP on a wide-area network."),
          attribute<P>(
              "sends-at-once", &P::sends_at_once, whole(0),
              "Transfers that a device sends at the same time; the others wait for their turn. 0: all at once.",
              "1 to 4 where hundreds of peers send to each other: the simulation is much faster.")
              .in("transfers")
              .absent("0, or 1 with more than 64 peers"),
          attribute<P>(
              "draws", &P::draws, whole(0, 200),
              "Fleets that are drawn from the uncertainty that the platform file states of devices and links. "
              "All rounds are timed again on each, so that reports show times, energy and money with their 90 % "
              "interval, and how sure an order is. Nothing happens where the file states none.",
              "0 for no intervals; fewer where a plan of a large fleet should not wait for them.")
              .in("fleets"),
          attribute<P>(
              "fleet", &P::fleet, whole(0, 200),
              "Which of the drawn fleets trains, from 1 on, instead of one with the platform's own figures (0). Its "
              "times are the run's, without intervals. Methods plan with what the platform says all the same.",
              "msfusion run --redraw-training K runs the first K, to see what deadlines and merges in the order of "
              "arrival would have made of the models."),
          attribute<P>("devices", &P::devices_file, path(),
                       "A trace of recorded devices, device,period_s,compute_ms,down_bps,up_bps,model: how fast each "
                       "computes, as a ratio to their median, and what its line carries. Device after device of the "
                       "fleet takes row after row, from one on that the seed draws.",
                       "For fleets that were really measured: docs/howto/traces.md says where they are.")
              .absent("as the platform says"),
          attribute<P>("availability", &P::availability_file, path(),
                       "A trace of when recorded devices were there, device,on_s,off_s; it repeats.",
                       "For diurnal phones.")
              .absent("always, or as the platform says"),
          attribute<P>("offline", &P::offline, one_of_table("offline", kOffline),
                       "What becomes of the work of a device that the trace takes away: lost with its messages, or "
                       "paused until it is back.",
                       "lose as FedScale has it, pause as FLASH does.")
              .only_with(
                  "availability", [](const P& p) { return !p.availability_file.empty(); }, "availability"),
          attribute<P>("bandwidth", &P::bandwidth_file, path(),
                       "A trace of what every device's own line carries over time, start_s,bps; it repeats.",
                       "For devices on the move.")
              .absent("as the platform says"),
          attribute<P>("carbon", &P::carbon_file, path(),
                       "A trace of the grid's carbon intensity over time, start_s,g_per_kwh; it repeats. For all nodes "
                       "whose region the platform does not name, instead of a constant.",
                       "To ask when to train.")
              .absent("constant"),
          attribute<P>("tariff", &P::tariff_file, path(),
                       "A trace of the price of electricity over time, start_s,usd_per_kwh; it repeats. Instead of a "
                       "constant.",
                       "For prices by the hour.")
              .absent("constant"),
          attribute<P>("simgrid", &P::simgrid, simgrid_settings(),
                       "SimGrid's own settings, as its programs take them after --cfg=; the option --cfg writes them "
                       "here. Those of its models change simulated times, and the report shows them.",
                       "To repeat a study that was made with them.")
              .absent("none"),
      },
      check};
  return all;
}

const Vocabulary<PriceOptions>& price_vocabulary() {
  using P = PriceOptions;
  static const Vocabulary<P> all{
      {
          attribute<P>("energy", &P::usd_per_kwh, quantity(Quantity::usd_per_kilowatthour, "0.3USD/kWh"),
                       "Price of electric energy.", "Your tariff.")
              .in("USD/kWh")
              .absent("unknown"),
          attribute<P>("traffic", &P::usd_per_gb, quantity(Quantity::usd_per_gigabyte, "0.1USD/GB"),
                       "Price of a gigabyte sent.", "Your mobile or cloud tariff.")
              .in("USD/GB")
              .absent("unknown"),
          attribute<P>(
              "traffic-counts", &P::counted, one_of_table("counted-traffic", kCounted),
              "What a gigabyte sent is counted of. wire: with headers and acknowledgements, on a platform whose "
              "file states framing=\"tcp\".",
              "wire where a provider's meter counts packets."),
          attribute<P>("carbon", &P::grams_co2_per_kwh, quantity(Quantity::grams_per_kilowatthour, "400gCO2/kWh"),
                       "Emissions of a kilowatt-hour.", "Your region's grid: 20 to 800.")
              .in("gCO2/kWh")
              .absent("unknown"),
      },
      {}};
  return all;
}

}  // namespace msfusion
