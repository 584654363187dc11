#include "sim/platform/platform_options.hpp"

#include <array>
#include <filesystem>

namespace msfusion {

namespace {

namespace fs = std::filesystem;
using Network = PlatformOptions::Network;

constexpr std::array<Choice<Network>, 2> kNetworks{{
    {Network::cm02, "CM02", "latency + bytes / bandwidth"},
    {Network::lv08, "LV08", "calibrated for TCP"},
}};

void check(const PlatformOptions& platform, GivenAttributes& given) {
  if (!given.has("file") || given.refused("file")) return;
  std::error_code error;
  if (!fs::exists(platform.file, error))
    given.object("file", given.quote("file") + ": there is no " + platform.file, "the path of a SimGrid platform file");
  else if (fs::is_directory(platform.file, error))
    given.object("file", given.quote("file") + ": " + platform.file + " is a folder",
                 "the path of a SimGrid platform file");
}

}  // namespace

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
          attribute<P>("carbon", &P::grams_co2_per_kwh, quantity(Quantity::grams_per_kilowatthour, "400gCO2/kWh"),
                       "Emissions of a kilowatt-hour.", "Your region's grid: 20 to 800.")
              .in("gCO2/kWh")
              .absent("unknown"),
      },
      {}};
  return all;
}

}  // namespace msfusion
