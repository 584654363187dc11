#include "reports/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace msfusion {

namespace {

int decimals(double value) {
  const double size = std::fabs(value);
  if (size < 1e6 && value == std::floor(value)) return 0;
  return std::clamp(2 - static_cast<int>(std::floor(std::log10(size) + 1e-9)), 0, 6);
}

}  // namespace

Scale choose_scale(Dimension dimension, const std::vector<double>& values) {
  static const std::vector<Scale> seconds = {{"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
  static const std::vector<Scale> bytes = {{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"PB", 1e15}};
  static const std::vector<Scale> flops = {{"FLOP", 1},     {"kFLOP", 1e3},  {"MFLOP", 1e6}, {"GFLOP", 1e9},
                                           {"TFLOP", 1e12}, {"PFLOP", 1e15}, {"EFLOP", 1e18}};
  static const std::vector<Scale> joules = {{"mJ", 1e-3}, {"J", 1}, {"kJ", 1e3}, {"MJ", 1e6}, {"GJ", 1e9}};
  static const std::vector<Scale> grams = {{"mg", 1e-3}, {"g", 1}, {"kg", 1e3}, {"t", 1e6}};
  static const std::vector<Scale> usd = {{"mUSD", 1e-3}, {"USD", 1}};
  static const std::vector<Scale> percent = {{"%", 0.01}};
  static const std::vector<Scale> none = {{"", 1}};
  const auto& scales = dimension == Dimension::seconds  ? seconds
                       : dimension == Dimension::bytes  ? bytes
                       : dimension == Dimension::flops  ? flops
                       : dimension == Dimension::joules ? joules
                       : dimension == Dimension::grams  ? grams
                       : dimension == Dimension::usd    ? usd
                       : dimension == Dimension::share  ? percent
                                                        : none;
  double logarithms = 0;
  int count = 0;
  for (const double value : values)
    if (value > 0) logarithms += std::log(value), ++count;
  const double middle = count ? std::exp(logarithms / count) : 1;
  Scale chosen = scales.front();
  for (const auto& scale : scales)
    if (middle >= scale.factor * (1 - 1e-12)) chosen = scale;
  return chosen;
}

std::string three_digits(double value) {
  const double size = std::fabs(value);
  if (size != 0 && (size < 1e-4 || size >= 1e15)) return fmt::format("{:.2e}", value);
  return fmt::format("{:.{}f}", value, decimals(value));
}

std::string with_interval(const std::optional<Estimate>& figure, const Scale& scale) {
  if (!figure) return "–";
  const double mean = figure->mean / scale.factor;
  const bool same = figure->half_width && *figure->half_width <= 1e-12 * std::fabs(figure->mean);
  if (!figure->half_width || same) return three_digits(mean);
  if (mean != 0 && (std::fabs(mean) < 1e-4 || std::fabs(mean) >= 1e15))
    return three_digits(mean) + " ± " + three_digits(*figure->half_width / scale.factor);
  const double half = *figure->half_width / scale.factor;
  // Two digits more where the interval would otherwise read 0; an interval that is still 0 then is none.
  int places = decimals(mean);
  for (int more = 0; more < 2 && half < 0.5 * std::pow(10, -places); ++more) ++places;
  if (half < 0.5 * std::pow(10, -places)) return three_digits(mean);
  return fmt::format("{:.{}f} ± {:.{}f}", mean, places, half, places);
}

}  // namespace msfusion
