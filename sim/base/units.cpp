#include "sim/base/units.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <vector>

namespace msfusion {

namespace {

struct Unit {
  std::string_view name;
  double factor;           ///< of the base unit
  bool for_people = true;  ///< human() may choose it
};

const std::vector<Unit>& units_of(Quantity quantity) {
  static const std::vector<Unit> seconds = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1},
                                            {"min", 60},  {"h", 3600},  {"d", 86400}};
  static const std::vector<Unit> bytes = {{"B", 1},
                                          {"kB", 1e3},
                                          {"MB", 1e6},
                                          {"GB", 1e9},
                                          {"TB", 1e12},
                                          {"KiB", 1024, false},
                                          {"MiB", 1048576, false},
                                          {"GiB", 1073741824, false},
                                          {"TiB", 1099511627776, false}};
  static const std::vector<Unit> bytes_per_second = {{"Bps", 1},
                                                     {"kBps", 1e3},
                                                     {"MBps", 1e6},
                                                     {"GBps", 1e9},
                                                     {"TBps", 1e12},
                                                     {"KiBps", 1024, false},
                                                     {"MiBps", 1048576, false},
                                                     {"GiBps", 1073741824, false},
                                                     {"bps", 0.125, false},
                                                     {"kbps", 125, false},
                                                     {"Mbps", 125e3, false},
                                                     {"Gbps", 125e6, false}};
  static const std::vector<Unit> flops_per_second = {{"f", 1},    {"kf", 1e3},  {"Mf", 1e6},
                                                     {"Gf", 1e9}, {"Tf", 1e12}, {"Pf", 1e15}};
  static const std::vector<Unit> usd_per_hour = {{"USD/h", 1}};
  static const std::vector<Unit> usd_per_gigabyte = {{"USD/GB", 1}};
  static const std::vector<Unit> usd_per_kilowatthour = {{"USD/kWh", 1}};
  static const std::vector<Unit> grams_per_kilowatthour = {{"gCO2/kWh", 1}};
  static const std::vector<Unit> joules = {
      {"J", 1}, {"kJ", 1e3}, {"MJ", 1e6}, {"Wh", 3600, false}, {"kWh", 3.6e6, false}};
  static const std::vector<Unit> watts = {{"W", 1}, {"kW", 1e3}};
  switch (quantity) {
    case Quantity::seconds:
      return seconds;
    case Quantity::bytes:
      return bytes;
    case Quantity::bytes_per_second:
      return bytes_per_second;
    case Quantity::flops_per_second:
      return flops_per_second;
    case Quantity::usd_per_hour:
      return usd_per_hour;
    case Quantity::usd_per_gigabyte:
      return usd_per_gigabyte;
    case Quantity::usd_per_kilowatthour:
      return usd_per_kilowatthour;
    case Quantity::grams_per_kilowatthour:
      return grams_per_kilowatthour;
    case Quantity::joules:
      return joules;
    case Quantity::watts:
      return watts;
  }
  return seconds;
}

struct Prefix {
  double value;
  std::string_view rest;
};

/// from_chars also reads "inf" and "nan", which no quantity can be.
std::optional<Prefix> number_prefix(std::string_view text) {
  const std::string_view digits = text.substr(!text.empty() && text.front() == '-' ? 1 : 0);
  if (digits.empty() || !(digits.front() == '.' || (digits.front() >= '0' && digits.front() <= '9'))) return {};
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return {};
  return Prefix{value, text.substr(static_cast<std::size_t>(end - text.data()))};
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  const auto prefix = number_prefix(text);
  if (!prefix || !prefix->rest.empty()) return {};
  return prefix->value;
}

std::optional<long long> parse_integer(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<double> parse_share(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return parse_number(text);
  const auto above = parse_integer(text.substr(0, slash)), below = parse_integer(text.substr(slash + 1));
  if (!above || !below || *above < 0 || *below <= 0) return {};
  return static_cast<double>(*above) / static_cast<double>(*below);
}

std::optional<double> parse_quantity(std::string_view text, Quantity quantity) {
  const auto prefix = number_prefix(text);
  if (!prefix) return {};
  std::string_view unit = prefix->rest;
  if (unit.empty()) return prefix->value == 0 ? prefix->value : std::optional<double>();
  if (unit.front() == ' ') unit.remove_prefix(1);
  for (const Unit& known : units_of(quantity)) {
    if (known.name != unit) continue;
    const double value = prefix->value * known.factor;
    return std::isfinite(value) ? value : std::optional<double>();
  }
  return {};
}

std::string allowed_units(Quantity quantity) {
  std::string text;
  for (const Unit& unit : units_of(quantity)) {
    if (!text.empty()) text += ", ";
    text += unit.name;
  }
  return text;
}

std::string units_advice(Quantity quantity) {
  const std::string units = allowed_units(quantity);
  return units.rfind("USD", 0) == 0 ? units + " (another currency: write USD, and read your own)" : units;
}

std::string human(double value, Quantity quantity) {
  if (!std::isfinite(value)) return "unknown";
  const std::vector<Unit>& units = units_of(quantity);
  // Zero and what is smaller than the smallest unit: zero in the base unit, the rest in the smallest one.
  const Unit* chosen = &units.front();
  for (const Unit& unit : units) {
    if (!unit.for_people) continue;
    if (value == 0 ? unit.factor == 1 : std::fabs(value) >= unit.factor) chosen = &unit;
  }
  return fmt::format("{:.4g} {}", value / chosen->factor, chosen->name);
}

}  // namespace msfusion
