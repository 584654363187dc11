// Quantities as people write them ("20ms", "512MiB", "0.2USD/h") to and from base units.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace msfusion {

/// What a quantity measures; its base unit is what parse_quantity returns.
enum class Quantity {
  seconds,                 ///< s: ns us ms s min h d
  bytes,                   ///< B: B kB MB GB TB KiB MiB GiB TiB
  bytes_per_second,        ///< Bps kBps MBps GBps TBps KiBps MiBps GiBps, bps kbps Mbps Gbps (8 bits a byte)
  flops_per_second,        ///< f kf Mf Gf Tf Pf (as SimGrid writes speeds)
  usd_per_hour,            ///< USD/h
  usd_per_gigabyte,        ///< USD/GB
  usd_per_kilowatthour,    ///< USD/kWh
  grams_per_kilowatthour,  ///< gCO2/kWh
  joules,                  ///< J kJ MJ Wh kWh
  watts,                   ///< W kW
};

/// The value in base units, or nothing if `text` is not a finite number followed at once (or after one blank) by a unit
/// of that quantity. Zero may be written without a unit. Negative values are accepted here: the meaning check decides.
std::optional<double> parse_quantity(std::string_view text, Quantity quantity);

/// The units that a quantity may be written in, for messages: "ns, us, ms, s, min, h, d".
std::string allowed_units(Quantity quantity);

/// The same, with what to do about the currency where it is money.
std::string units_advice(Quantity quantity);

/// A short text for people, four significant digits: 1.5e-3 s -> "1.5 ms", 3.2e9 B -> "3.2 GB".
std::string human(double value, Quantity quantity);

/// A finite decimal number and nothing else ("0.25", "1e-3"); no nan, inf, hex or trailing text.
std::optional<double> parse_number(std::string_view text);

/// A number, or a fraction of two whole numbers: "0.125", "1/8".
std::optional<double> parse_share(const std::string& text);

/// A whole number in decimal and nothing else, within the range of long long.
std::optional<long long> parse_integer(std::string_view text);

}  // namespace msfusion
