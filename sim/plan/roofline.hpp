// The figures of a device's compute time beyond speed and bandwidth, in one table for all code that reads or writes
// them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.hpp"

namespace msfusion {

/// All are 0 unless measured: a step then takes FLOPs / speed or bytes / bandwidth, whichever is longer.
struct Roofline {
  double step_overhead_seconds = 0;    ///< per optimiser step
  double layer_overhead_seconds = 0;   ///< per kernel that a layer starts in a pass; training is three passes
  double frozen_overhead_seconds = 0;  ///< per frozen model of a contrastive loss and step: comparing representations
  double cache_bytes = 0;              ///< weights and gradients that stay near from step to step
  double cache_bandwidth = 0;          ///< bytes/s, for those and for activations
  double dense_slowdown =
      0;  ///< by how much, as a share, a FLOP of a linear layer takes longer than one of a convolution
  double narrow_width = 0;         ///< output width at which a product runs at half the speed
  double vector_width = 0;         ///< channels that convolutions and pools compute together, needed or not
  double winograd_seconds = 0;     ///< per element that Winograd's algorithm transforms; 0: it is not used
  double pool_seconds = 0;         ///< per element that a maximum is looked for among
  double exponential_seconds = 0;  ///< per exponential or the like of a pass: GELU, softmax, gates
  double random_seconds = 0;       ///< per element that dropout draws for
};

/// One of the figures, as it stands in platform files (property) and catalogues (the same with '-' for '_').
struct RooflineFigure {
  const char* name;
  double Roofline::*value;
  std::optional<Quantity> quantity;  ///< none: a plain number

  const char* unit() const {
    if (!quantity) return "";
    return *quantity == Quantity::seconds ? "s" : *quantity == Quantity::bytes ? "B" : "Bps";
  }
  std::optional<double> parse(const std::string& text) const {
    return quantity ? parse_quantity(text, *quantity) : parse_number(text);
  }
  std::string allowed() const {
    return quantity ? "a number not below 0 with one of the units " + allowed_units(*quantity)
                    : "a number not below 0, without a unit";
  }
};

inline const std::vector<RooflineFigure>& roofline_figures() {
  static const std::vector<RooflineFigure> table = {
      {"step_overhead", &Roofline::step_overhead_seconds, Quantity::seconds},
      {"layer_overhead", &Roofline::layer_overhead_seconds, Quantity::seconds},
      {"frozen_overhead", &Roofline::frozen_overhead_seconds, Quantity::seconds},
      {"cache", &Roofline::cache_bytes, Quantity::bytes},
      {"cache_bandwidth", &Roofline::cache_bandwidth, Quantity::bytes_per_second},
      {"dense_slowdown", &Roofline::dense_slowdown, {}},
      {"narrow_width", &Roofline::narrow_width, {}},
      {"vector_width", &Roofline::vector_width, {}},
      {"winograd_time", &Roofline::winograd_seconds, Quantity::seconds},
      {"pool_time", &Roofline::pool_seconds, Quantity::seconds},
      {"exponential_time", &Roofline::exponential_seconds, Quantity::seconds},
      {"random_time", &Roofline::random_seconds, Quantity::seconds},
  };
  return table;
}

}  // namespace msfusion
